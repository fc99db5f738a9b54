"""Questionnaires for tests: every type of item, and drawn at random by a grammar."""

LABELS = ["Not at all", "A little", "Fairly", "Much", "Very much"]


def likert(code, **more):
    return {"code": code, "type": "likert", "text": f"Statement {code}", "labels": LABELS, **more}


TRUST = {
    "name": "trust",
    "title": "Trust",
    "intro": "How do you see the *system*?",
    "items": [
        likert("t1", scale="trust"),
        likert("t2", scale="trust"),
        likert("t3", scale="trust", reverse=True),
        {
            "code": "used",
            "type": "choice",
            "text": "Have you used one before?",
            "options": [["yes", "Yes"], ["no", "No"]],
        },
        {
            "code": "which",
            "type": "text",
            "text": "Which one?",
            "show_if": {"item": "used", "is": "yes"},
        },
    ],
}
EVERY_TYPE = {
    "name": "every",
    "title": "Every type of item",
    "per_page": 3,
    "items": [
        {"code": "gender", "type": "choice", "text": "Your gender?", "options": ["Female", "Male", "Another"]},
        {"code": "tools", "type": "choices", "text": "What do you use?", "options": ["Python", "R", "None"]},
        likert("a", scale="view"),
        likert("b", scale="view", reverse=True),
        {"code": "sure", "type": "slider", "text": "How sure are you?", "low": "Not at all", "high": "Fully"},
        {"code": "age", "type": "number", "text": "Your age?", "min": 18, "max": 120, "unit": "years"},
        {"code": "job", "type": "text", "text": "Your job?", "required": False},
        {"code": "why", "type": "text", "text": "Why?", "long": True, "show_if": {"item": "age", "at_least": 30}},
        {"code": "rank", "type": "ranking", "text": "What mattered most?", "options": ["Colour", "Shape", "Place"]},
    ],
}
