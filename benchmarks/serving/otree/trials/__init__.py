"""Fourteen trials in two blocks, each block with a heading: sixteen pages."""

from otree.api import BaseConstants, BaseGroup, BasePlayer, BaseSubsession, Page, models, widgets

OUTCOMES = ["recognised correctly"] * 6 + ["missed"] * 3 + ["false alarm"] * 3


class C(BaseConstants):
    NAME_IN_URL = "trials"
    PLAYERS_PER_GROUP = None
    NUM_ROUNDS = 14


class Subsession(BaseSubsession):
    pass


class Group(BaseGroup):
    pass


class Player(BasePlayer):
    sensitive_to = models.LongStringField(label="What does the system seem to go by?")
    ignores = models.LongStringField(label="What does it seem to ignore?")
    response = models.BooleanField(label="Will the system say it shows the class?", widget=widgets.RadioSelect)
    confidence = models.IntegerField(
        label="How confident are you?",
        choices=[
            [1, "extremely unconfident"],
            [2, "slightly unconfident"],
            [3, "slightly confident"],
            [4, "extremely confident"],
        ],
        widget=widgets.RadioSelect,
    )


class Block(Page):
    @staticmethod
    def is_displayed(player):
        return player.round_number in (1, 8)


class Trial(Page):
    form_model = "player"
    form_fields = ["sensitive_to", "ignores", "response", "confidence"]

    @staticmethod
    def vars_for_template(player):
        number = player.round_number
        examples = [
            {
                "image": f"/stimuli/{number:02d}-{index:02d}.webp",
                "overlay": f"/stimuli/{number:02d}-{index:02d}-heatmap.webp",
                "outcome": outcome,
            }
            for index, outcome in enumerate(OUTCOMES)
        ]
        class_name = "cat" if number < 8 else "horse"
        return {"class_name": class_name, "examples": examples, "query": f"/stimuli/{number:02d}.webp"}


page_sequence = [Block, Trial]
