"""oTree's settings for the comparison."""

SESSION_CONFIGS = [
    {
        "name": "forward_simulation",
        "app_sequence": ["introduction", "trials", "closing"],
        "num_demo_participants": 1,
    },
]
SESSION_CONFIG_DEFAULTS = {"real_world_currency_per_point": 1, "participation_fee": 8, "doc": ""}
PARTICIPANT_FIELDS = []
SESSION_FIELDS = []
LANGUAGE_CODE = "en"
REAL_WORLD_CURRENCY_CODE = "GBP"
USE_POINTS = False
ADMIN_USERNAME = "admin"
ADMIN_PASSWORD = "only for the length of a benchmark"
DEMO_PAGE_INTRO_HTML = ""
SECRET_KEY = "only for the length of a benchmark"
