"""Questions with known answers, made of this machine's Debian catalogue.

Documents are the long descriptions of all packages, and nothing else of them. Questions:

    known     a package's synopsis; its description is to be found
    gap       the same where synopsis and description share at most one content word
    de, fr    the same synopses as people have translated them
    tags      a debtags topic in words ("works-with::image:raster" asks for "image raster");
              all packages that are tagged so are to be found

A content word has three letters or more and is no function word. Synopses are those with two
content words or more that no other package has. Tags are those of five packages or more, of
facets that say what a package is about. Of each set but the last 3,000 are drawn.

Everything is drawn by hashes, so that the same catalogue gives the same sets. Dev and test
are halves by the hash of the source package (tags: of the tag), so that packages of one
source are never on both sides.
"""

import collections
import dataclasses
import hashlib
import os
import pathlib
import re
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "scripts"))
import debian_catalogue  # noqa: E402

LANGUAGES = ("de", "fr")
SETS = ("known", "gap", *LANGUAGES, "tags")
QUERIES_MAX = 3000
TAGGED_MIN = 5
# What a package is made of and how it is used; the others say what it is about.
OTHER_FACETS = {"role", "implemented-in", "scope", "interface", "made-of", "suite", "culture",
                "iso15924"}
FIELDS = {"Package", "Version", "Source", "Tag", "Description", "Description-md5"}
FUNCTION_WORDS = set("""
a an and are as at be but by for from has have if in into is it its no not of on or such that
the their then there these they this to was were will with which can you your who what when
where how all any also may more most other some than so up out over about after before between
during each both few own same do does did been being am i me my we our us he she him her his
hers them""".split())


class NoCatalogue(Exception):
    """This machine's package lists cannot be read."""


@dataclasses.dataclass
class Query:
    id: str
    text: str
    relevant: list  # Ids of documents.
    is_test: bool


@dataclasses.dataclass
class Package:
    source: str
    synopsis: str
    description: str
    tags: list
    translated: dict  # Language to synopsis.


def number_of(text):
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def is_test(name):
    return number_of("split:" + name) % 2 == 1


def content_words(text):
    return set(re.findall(r"[a-z]{3,}", text.lower())) - FUNCTION_WORDS


def read_packages(lists):
    names = sorted(os.listdir(lists))
    described = {}
    for name in names:
        found = re.search(r"_Translation-(\w+)$", name)
        if not found:
            continue
        field = f"Description-{found[1]}"
        for fields in debian_catalogue.paragraphs(
                os.path.join(lists, name), {"Package", "Description-md5", field}):
            if field in fields:
                key = found[1], fields["Package"], fields.get("Description-md5")
                described[key] = debian_catalogue.split_description(fields[field])
    newest = {}
    for name in names:
        if not name.endswith("_Packages"):
            continue
        for fields in debian_catalogue.paragraphs(os.path.join(lists, name), FIELDS):
            known = newest.get(fields["Package"])
            if known is None or debian_catalogue.compare_versions(
                    fields["Version"], known["Version"]) > 0:
                newest[fields["Package"]] = fields
    packages = {}
    for name, fields in sorted(newest.items()):
        md5 = fields.get("Description-md5")
        synopsis, description = described.get(("en", name, md5)) or \
            debian_catalogue.split_description(fields.get("Description", ""))
        if not description:
            continue
        packages[name] = Package(
            fields.get("Source", name).split()[0], synopsis, description,
            sorted(set(debian_catalogue.split_tags(fields.get("Tag", "")))),
            {language: described[language, name, md5][0] for language in LANGUAGES
             if (language, name, md5) in described})
    return packages


def fetch_packages(count=None):
    """Of the machine's apt sources; a part is the same one each time."""
    if not shutil.which("apt-get") or not shutil.which("apt-config"):
        raise NoCatalogue("there is no apt on this machine")
    with tempfile.TemporaryDirectory(prefix="trawl-apt-") as folder:
        try:
            lists = debian_catalogue.fetch_lists(folder, ("en", *LANGUAGES))
        except SystemExit as error:  # It said why.
            raise NoCatalogue("there are no package lists") from error
        packages = read_packages(lists)
    if not packages:
        raise NoCatalogue("the machine's apt sources name no packages")
    if count is not None and count < len(packages):
        chosen = sorted(packages, key=lambda name: number_of("part:" + name))[:count]
        packages = {name: packages[name] for name in sorted(chosen)}
    return packages


def draw(name, candidates, text_of, packages):
    chosen = sorted(candidates, key=lambda package: number_of(f"{name}:{package}"))
    return [Query(f"{name}:{package}", text_of(packages[package]), [package],
                  is_test(packages[package].source)) for package in chosen[:QUERIES_MAX]]


def topics(packages):
    tagged = collections.defaultdict(list)
    for name, package in packages.items():
        for tag in package.tags:
            tagged[tag].append(name)
    queries = []
    for tag, names in sorted(tagged.items()):
        facet, _, value = tag.partition("::")
        if value and value != "TODO" and facet not in OTHER_FACETS \
                and len(names) >= TAGGED_MIN:
            queries.append(Query(f"tags:{tag}", re.sub(r"[:_-]+", " ", value), names,
                                 is_test(tag)))
    return queries


def make_sets(packages):
    """From each name of SETS to its queries."""
    seen = collections.Counter(package.synopsis for package in packages.values())
    synopsis_words = {name: content_words(package.synopsis)
                      for name, package in packages.items()}
    candidates = [name for name, package in packages.items()
                  if len(synopsis_words[name]) >= 2 and seen[package.synopsis] == 1]
    far = [name for name in candidates
           if len(synopsis_words[name] & content_words(packages[name].description)) <= 1]
    sets = {"known": draw("known", candidates, lambda package: package.synopsis, packages),
            "gap": draw("gap", far, lambda package: package.synopsis, packages)}
    for language in LANGUAGES:
        translated = [name for name in candidates
                      if packages[name].translated.get(language)
                      not in (None, packages[name].synopsis)]
        sets[language] = draw(language, translated,
                              lambda package, of=language: package.translated[of], packages)
    sets["tags"] = topics(packages)
    return sets
