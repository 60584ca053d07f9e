# SPDX-License-Identifier: Apache-2.0
"""gcloud's --filter and --format, as far as they are used."""
import re


def look_up(thing, path):
    """"a.b[0].c.basename()" of nested dictionaries; None where there is nothing."""
    for name, index, call in re.findall(r"([\w-]+)(\[\d*\])?(\(\))?", path):
        if call:
            thing = str(thing).rsplit("/", 1)[-1] if thing is not None else None
            continue
        thing = thing.get(name) if isinstance(thing, dict) else None
        if index:
            thing = thing[int(index[1:-1] or 0)] if thing else None
    return thing


def term_holds(thing, term):
    match = re.match(r'^([\w.]+(?:\(\))?)(=|~|:)"?(.*?)"?$', term.strip())
    if not match:
        raise ValueError("a filter that the stand-in does not know: " + term)
    path, operator, wanted = match.groups()
    found = look_up(thing, path)
    if operator == ":" and wanted == "*":
        return found is not None
    if found is None:
        return False
    found = str(found)
    if operator == "=":
        return found == wanted or found.rsplit("/", 1)[-1] == wanted
    if operator == "~":
        return re.search(wanted, found) is not None
    return wanted.lower() in found.lower()


def chosen(things, text):
    return [each for each in things if not text or all(term_holds(each, term) for term in text.split(" AND "))]


def shown(things, text):
    """Rows of value(...) and csv[no-heading](...)."""
    match = re.match(r'^(value|csv)(?:\[(.*?)\])?\((.*)\)$', text or "value(name)")
    if not match:
        raise ValueError("a format that the stand-in does not know: " + text)
    kind, attributes, fields = match.groups()
    separator = "," if kind == "csv" else "\t"
    given = re.search(r'separator="(.*?)"', attributes or "")
    if given:
        separator = given.group(1)
    rows = []
    for each in things:
        cells = [look_up(each, field) for field in fields.split(",")]
        rows.append(separator.join("" if cell is None else str(cell) for cell in cells))
    return "\n".join(rows)
