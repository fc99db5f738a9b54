"""The two things that can go wrong: an input nobody can analyse, and a statistic the data do not define."""

from collections.abc import Callable


class AnalysisError(Exception):
    """The input is missing, malformed or empty: the message names the file, column or level; exit code 2."""


class NotDefined(Exception):
    """The data do not define this statistic; the message is the reason that `results.json` and the report print.

    `terms` names the rows that would have been reported, so that each of them appears with its reason. `names` are the
    factors, levels and cells in the reason, which has `{}` in their places, so that a report can call them by titles.

    >>> NotDefined("nobody has the condition {}", names=("none × multiscale_occlusion",)).reason
    'nobody has the condition none × multiscale_occlusion'
    """

    def __init__(self, reason: str, terms: tuple[str, ...] = (), names: tuple[str, ...] = ()):
        self.template, self.names = reason, names
        self.reason = self.reason_with(str)
        super().__init__(self.reason)
        self.terms = terms

    def reason_with(self, words: Callable[[str], str]) -> str:
        """Return the reason with every name as `words` gives it."""
        return self.template.format(*map(words, self.names)) if self.names else self.template
