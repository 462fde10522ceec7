"""What a run takes before it is run: memory by part and minutes by phase, on a card, from formulas alone."""

from helpers.planning.cards import CARDS, Card, card_of
from helpers.planning.choosing import Phase
from helpers.planning.measured import budget
from helpers.planning.minutes import Minutes
from helpers.planning.parts import Numbers
from helpers.planning.phases import METHODS, Setting, generate, train, write_cache
from helpers.planning.recipes import plan
from helpers.planning.shapes import SHAPES, Shape, of_config, shape_of
from helpers.planning.show import details, table

__all__ = [
    "CARDS", "METHODS", "SHAPES", "Card", "Minutes", "Numbers", "Phase", "Setting", "Shape", "budget", "card_of",
    "details", "generate", "of_config", "plan", "shape_of", "table", "train", "write_cache",
]
