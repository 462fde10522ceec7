"""Things that one can own and count: plural nouns, seen and unseen, and what holds them."""

from functools import cache

from data.making.world.problems.names import listed

THINGS = listed(
    """crayons pencils shells stickers marbles stamps cards beads coins buttons apples plums cookies candies stones
    ribbons pens books balls kites hats cups mugs plates spoons forks bottles candles lamps keys locks nails
    screws bolts bricks tiles planks ropes nets hooks boats trains trucks robots dolls puppets drums flutes
    bells whistles balloons flags posters photos letters envelopes magnets badges medals pins clips erasers
    rulers notebooks folders brushes sponges towels pillows blankets socks gloves scarves mittens caps belts
    rings bracelets necklaces feathers leaves acorns pinecones chestnuts seeds bulbs tulips roses daisies lilies
    pears peaches cherries grapes lemons limes oranges bananas melons mangoes figs dates berries strawberries
    tomatoes potatoes carrots onions peppers beans radishes turnips pumpkins cucumbers mushrooms eggs rolls buns
    muffins cupcakes pies tarts waffles pancakes pretzels crackers biscuits sandwiches pizzas dumplings
    lollipops caramels mints frogs snails beetles chicks ducks rabbits hamsters worms comics tickets tokens
    dominoes blocks cubes sticks straws pebbles rocks crystals fossils gems pearls anchors arrows blossoms bugs
    cabbages cameras chairs clocks coats coconuts combs cones dresses drawings earrings fans ferns flowers
    hammers herbs horns jewels jugs kittens ladders masks mirrors needles nuts oars owls paints parrots plants
    pigeons poems puppies radios rafts saws shirts shoes spears stools sweets swords tapes tents thorns
    umbrellas vases violins wands wheels wigs"""
)
NEW_THINGS = listed(
    """lanterns thimbles compasses goggles walnuts apricots olives chilies turtles lizards spools zippers trophies
    postcards bookmarks paperclips harmonicas yoyos tambourines dragonflies ladybugs corks pipes saddles sprouts
    truffles macaroons scones crumpets kiwis papayas almonds raisins snowballs helmets sandals aprons whisks
    ladles wrenches hinges pulleys marigolds thistles mosaics figurines amulets scrolls quills jigsaws skewers
    beakers vials gadgets"""
)
# What is bought one at a time, so that "a kite costs $7" can be said: a singular each.
GOODS = listed(
    """pen book mug hat toy kite ball cap puzzle game doll drum flute lamp candle poster notebook ruler brush towel
    pillow blanket belt scarf shirt bracelet necklace ring plant cake pie sandwich pizza salad smoothie lemonade
    juice milkshake tea cocoa coffee muffin cookie bagel ticket comic magazine calendar spoon
    plate vase clock whistle bell boat truck robot puppet racket net rope flashlight chair stool mirror
    comb fan jug pan pot hammer saw ladder shovel rake broom mop sponge soap candlestick curtain rug cushion
    coat dress skirt jacket sweater sock boot shoe glove umbrella wallet purse suitcase tent map globe camera
    radio violin guitar trumpet pencil marker waffle doughnut pretzel burger wrap soup pear melon peach coconut"""
)
NEW_GOODS = listed(
    """lantern compass backpack thermos journal hammock telescope kettle teapot bonnet cardigan banjo xylophone snorkel
    paddle skateboard frisbee quilt doormat corkscrew trowel omelet burrito chowder espresso"""
)
CONTAINERS = (
    "box", "bag", "pack", "jar", "basket", "tin", "crate", "bucket", "packet", "tray", "bowl", "case", "sack",
    "carton",
)  # fmt: skip
NEW_CONTAINERS = ("hamper", "pouch", "chest", "barrel")
PLACES = listed("café market bakery fair kiosk store shop stall supermarket bazaar")
NEW_PLACES = listed("boutique canteen warehouse depot")
TOWNS = ("Maple Junction", "Cedar Falls", "Oak Hill", "Pine Bay", "Willow Creek", "River Bend", "Elm Grove",
         "Lake City",
         "Stone Bridge", "Green Valley", "Sunny Point", "North Haven")  # fmt: skip
NEW_TOWNS = ("Birch Landing", "Copper Ridge", "Heron Cove", "Amber Fields")
STOPS = ("school", "library", "train station", "museum", "harbor", "market", "park", "zoo", "hospital", "stadium",
         "airport", "theater", "town hall", "beach", "pool", "castle")  # fmt: skip
NEW_STOPS = ("observatory", "aquarium", "vineyard", "monastery", "racetrack", "lighthouse")

# Plurals in -ies and -oes, -ves, or none, that the rules of `singular` would get wrong.
ODD = {
    "cookies": "cookie", "pies": "pie", "scarves": "scarf", "leaves": "leaf", "fish": "fish", "dice": "die",
    "mangoes": "mango", "tomatoes": "tomato", "potatoes": "potato", "dominoes": "domino", "chilies": "chili",
    "necklaces": "necklace", "envelopes": "envelope", "aches": "ache", "goggles": "goggle", "calves": "calf",
}  # fmt: skip


@cache
def singular(plural: str) -> str:
    """`shell` for `shells`, `box` for `boxes`, `cherry` for `cherries`."""
    if plural in ODD:
        return ODD[plural]
    if plural.endswith("ies"):
        return plural[:-3] + "y"
    if plural.endswith(("ches", "shes", "xes", "sses")):
        return plural[:-2]
    return plural[:-1]


@cache
def plural_of(noun: str) -> str:
    """`shells` for `shell`, `boxes` for `box`, `cherries` for `cherry`."""
    if noun.endswith(("ch", "sh", "x", "s")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return {"scarf": "scarves"}.get(noun, noun + "s")


@cache
def a(noun: str) -> str:
    """The noun with its article: `an apple`, `a box`."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
