// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/fingerprint.h"

#include <array>
#include <string_view>

#include "shared/text/hex.h"

namespace easel::protocol {

namespace {

/// One for each value of a byte: short, known to everybody, hard to mistake for each other. Never changed,
/// for people compare what two versions of Easel say.
constexpr std::array<std::string_view, 256> kWords{
    "acorn",   "almond",  "amber",    "anchor",  "anvil",   "apple",   "apron",   "arrow",   "autumn",
    "badge",   "bagel",   "bamboo",   "banjo",   "barn",    "basil",   "basket",  "beach",   "beaver",
    "bell",    "berry",   "bishop",   "bison",   "blanket", "bottle",  "branch",  "bread",   "brick",
    "bridge",  "broom",   "bucket",   "buffalo", "button",  "cabin",   "cactus",  "camel",   "candle",
    "canoe",   "canvas",  "carpet",   "carrot",  "castle",  "cedar",   "cello",   "chalk",   "cherry",
    "chess",   "circle",  "clay",     "clock",   "cloud",   "clover",  "cobalt",  "coffee",  "comet",
    "copper",  "coral",   "cotton",   "cousin",  "cradle",  "crane",   "crayon",  "cricket", "crown",
    "curtain", "daisy",   "dancer",   "desert",  "diamond", "dinner",  "dolphin", "donkey",  "dragon",
    "drum",    "eagle",   "easel",    "echo",    "elbow",   "ember",   "engine",  "falcon",  "feather",
    "fender",  "ferry",   "fiddle",   "finger",  "flag",    "flute",   "forest",  "fossil",  "fox",
    "frost",   "galaxy",  "garden",   "garlic",  "ginger",  "giraffe", "glacier", "glove",   "goblin",
    "gravel",  "guitar",  "hammer",   "harbour", "harvest", "hazel",   "helmet",  "heron",   "honey",
    "hornet",  "hotel",   "icicle",   "igloo",   "indigo",  "island",  "ivory",   "jacket",  "jaguar",
    "jelly",   "jigsaw",  "jungle",   "kayak",   "kettle",  "kitten",  "kiwi",    "knight",  "ladder",
    "lagoon",  "lantern", "lemon",    "leopard", "lily",    "linen",   "lizard",  "lobster", "lotus",
    "magnet",  "mango",   "maple",    "marble",  "market",  "meadow",  "melon",   "mirror",  "mitten",
    "monkey",  "moon",    "mosaic",   "moth",    "muffin",  "museum",  "napkin",  "needle",  "nickel",
    "noodle",  "north",   "nutmeg",   "oasis",   "ocean",   "olive",   "onion",   "orbit",   "orchid",
    "organ",   "otter",   "oven",     "oyster",  "paddle",  "panda",   "paper",   "parrot",  "pebble",
    "pencil",  "pepper",  "piano",    "pigeon",  "pillow",  "pirate",  "planet",  "pocket",  "poem",
    "pond",    "potato",  "prism",    "prune",   "pumpkin", "puppet",  "puzzle",  "quartz",  "queen",
    "quilt",   "rabbit",  "radish",   "raft",    "raven",   "ribbon",  "river",   "robin",   "rocket",
    "ruby",    "saddle",  "sailor",   "salmon",  "sapling", "satchel", "saturn",  "scarf",   "school",
    "shadow",  "shovel",  "silver",   "sketch",  "sleigh",  "spider",  "spinach", "spoon",   "squirrel",
    "stamp",   "statue",  "summer",   "sunset",  "swan",    "table",   "teapot",  "temple",  "thimble",
    "thunder", "ticket",  "tiger",    "timber",  "tomato",  "tractor", "trumpet", "tulip",   "tunnel",
    "turtle",  "twig",    "umbrella", "unicorn", "valley",  "vanilla", "velvet",  "violin",  "volcano",
    "waffle",  "wagon",   "walnut",   "walrus",  "whistle", "willow",  "window",  "winter",  "wizard",
    "yogurt",  "zebra",   "zephyr",   "zipper"};

constexpr std::size_t kWordCount = 8;

}  // namespace

std::string fingerprintInHex(const Fingerprint& fingerprint) {
    return text::toHex(fingerprint);
}

std::string fingerprintInWords(const Fingerprint& fingerprint) {
    std::string text;
    for (std::size_t i = 0; i < kWordCount; ++i) {
        text += i == 0 ? "" : " ";
        text += kWords[fingerprint[i]];
    }
    return text;
}

}  // namespace easel::protocol
