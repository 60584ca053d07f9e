# SPDX-License-Identifier: Apache-2.0
"""What the model is taught to draw, in the order in which names are taken.

Every line: the sprite's CLDR name | the name used in prompts | synonyms.
The list is chosen by hand because a small model that trains for an hour draws
some hundred distinct things well and a thousand badly; things that people type
come first. Synonyms are CLDR keywords (and plain English) that mean one thing only
within this list.
"""

COLOURS = {
    # What a picture's ground is filled with. White is what a bare name gets.
    "white": (255, 255, 255),
    "red": (220, 60, 50),
    "orange": (240, 150, 50),
    "yellow": (250, 220, 80),
    "green": (90, 180, 90),
    "blue": (70, 130, 220),
    "purple": (150, 90, 200),
    "pink": (240, 150, 190),
    "brown": (140, 100, 70),
    "grey": (150, 150, 150),
    "black": (30, 30, 30),
    "turquoise": (60, 190, 190),
}

COLOUR_SYNONYMS = {"gray": "grey", "violet": "purple", "teal": "turquoise", "cyan": "turquoise"}

_LINES = """
fox | fox | reynard
cat face | cat | kitten, kitty
dog face | dog | puppy
panda | panda |
lion | lion |
tiger face | tiger |
rabbit face | rabbit | bunny
koala | koala |
frog | frog | toad
pig face | pig | piglet
cow face | cow |
penguin | penguin |
owl | owl |
unicorn | unicorn |
butterfly | butterfly |
turtle | turtle | tortoise
octopus | octopus |
spouting whale | whale |
tropical fish | fish | tropical fish
crab | crab |
elephant | elephant |
honeybee | bee | honeybee
lady beetle | ladybug | ladybird
duck | duck | mallard
flamingo | flamingo |
snail | snail |
sunflower | sunflower |
rose | rose |
tulip | tulip |
cactus | cactus |
palm tree | palm tree | palm
evergreen tree | fir tree | evergreen
mushroom | mushroom | toadstool
maple leaf | maple leaf |
red apple | apple | red apple
lemon | lemon | citrus
banana | banana |
watermelon | watermelon |
grapes | grapes | grape
strawberry | strawberry |
cherries | cherries | cherry
pineapple | pineapple |
tomato | tomato |
carrot | carrot |
hamburger | hamburger | burger
pizza | pizza |
ice cream | ice cream | sundae
doughnut | doughnut | donut
birthday cake | birthday cake | cake
cupcake | cupcake | muffin
hot beverage | coffee | tea, hot drink
automobile | car | automobile
bus | bus |
tractor | tractor |
bicycle | bicycle | bike
helicopter | helicopter |
rocket | rocket | spaceship
sailboat | sailboat | yacht
house | house | home
tent | tent | camping
castle | castle |
flying saucer | flying saucer | ufo
broccoli | broccoli |
hot dog | hot dog | frankfurter
bear | bear | grizzly
monkey face | monkey |
mouse face | mouse |
dolphin | dolphin |
giraffe | giraffe |
zebra | zebra |
sauropod | dinosaur | sauropod, brontosaurus
T-Rex | t-rex | tyrannosaurus
hedgehog | hedgehog |
parrot | parrot |
peacock | peacock |
hatching chick | chick | hatchling
dragon | dragon |
cherry blossom | cherry blossom | sakura
deciduous tree | tree |
four leaf clover | four leaf clover | clover
pear | pear |
tangerine | tangerine | mandarin
ear of corn | corn | maize
avocado | avocado |
taco | taco |
french fries | french fries | fries, chips
cookie | cookie | biscuit
lollipop | lollipop |
honey pot | honey pot | honey
sushi | sushi |
fried shrimp | fried shrimp | prawn
pancakes | pancakes | pancake
croissant | croissant |
beer mug | beer | ale
tropical drink | tropical drink | smoothie
fire engine | fire engine | fire truck
police car | police car |
ambulance | ambulance |
locomotive | steam train | locomotive, train
motor scooter | scooter | moped
volcano | volcano |
rainbow | rainbow |
sun with face | sun |
cloud | cloud |
snowflake | snowflake |
star | star |
fire | fire | flame
droplet | droplet | drop
red heart | heart | love
gem stone | gem | jewel
crown | crown |
top hat | top hat |
umbrella | umbrella | parasol
balloon | balloon |
wrapped gift | gift | present
teddy bear | teddy bear | teddy
robot | robot |
ghost | ghost |
alien | alien | extraterrestrial
jack-o-lantern | jack-o-lantern | halloween pumpkin
Christmas tree | christmas tree |
trophy | trophy |
soccer ball | football | soccer ball
basketball | basketball |
guitar | guitar |
trumpet | trumpet |
drum | drum |
violin | violin |
artist palette | palette | paint
light bulb | light bulb | bulb
bell | bell |
key | key |
anchor | anchor |
hammer | hammer |
camera | camera | photo
television | television | tv
books | books |
pencil | pencil |
shark | shark |
wolf | wolf |
raccoon | raccoon |
hamster | hamster |
squid | squid |
lobster | lobster |
spider | spider |
snake | snake | serpent
crocodile | crocodile | alligator
eagle | eagle |
swan | swan |
bat | bat |
sloth | sloth |
gorilla | gorilla |
kangaroo | kangaroo |
camel | camel |
hippopotamus | hippo | hippopotamus
rhinoceros | rhino | rhinoceros
eggplant | eggplant | aubergine
pretzel | pretzel |
bagel | bagel |
cheese wedge | cheese |
egg | egg |
bread | bread | loaf
popcorn | popcorn |
teapot | teapot |
sandwich | sandwich |
coconut | coconut |
peach | peach |
melon | melon |
green apple | green apple |
hibiscus | hibiscus |
bouquet | bouquet | flowers
taxi | taxi | cab
delivery truck | truck | lorry
airplane | airplane | aeroplane, plane
ship | ship |
skateboard | skateboard |
school | school |
backpack | backpack | rucksack
glasses | glasses | spectacles
running shoe | running shoe | sneaker, trainers
socks | socks |
scarf | scarf |
dress | dress |
t-shirt | t-shirt |
kite | kite |
yarn | yarn |
magnet | magnet |
telescope | telescope |
microscope | microscope |
candle | candle |
axe | axe |
shield | shield |
chair | chair |
potted plant | potted plant | houseplant
seedling | seedling | sprout
snow-capped mountain | mountain |
water wave | wave |
money bag | money bag |
accordion | accordion |
saxophone | saxophone |
"""


def things():
    """[{sprite, name, synonyms}], best first."""
    out = []
    for line in _LINES.strip().splitlines():
        sprite, name, synonyms = (part.strip() for part in line.split("|"))
        out.append(
            {
                "sprite": sprite,
                "name": name,
                "synonyms": [s.strip() for s in synonyms.split(",") if s.strip()],
            }
        )
    return out
