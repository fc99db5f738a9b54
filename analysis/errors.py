"""The two things that can go wrong: an input nobody can analyse, and a statistic the data do not define."""


class AnalysisError(Exception):
    """The input is missing, malformed or empty: the message names the file, column or level; exit code 2."""


class NotDefined(Exception):
    """The data do not define this statistic; the message is the reason that `results.json` and the report print.

    `terms` names the rows that would have been reported, so that each of them appears with its reason.
    """

    def __init__(self, reason: str, terms: tuple[str, ...] = ()):
        super().__init__(reason)
        self.reason = reason
        self.terms = terms
