def score(step, answer, definition):
    if step["page"] == "consent":
        return {"passed": answer["agree"]}
    right = answer["number"] == step["data"]["right"]
    return {"passed": right} if step["page"] == "check" else {"correct": right}


def summary(answered, definition):
    scores = [row.scores["correct"] for row in answered if row.step["page"] == "trial"]
    return {"n_trials": len(scores), "n_correct": sum(scores)}
