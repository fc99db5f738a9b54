"""Who walks through a study: browsers, people, crowds of them, and what a crowd met as figures."""
