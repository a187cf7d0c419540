from hypothesis import given
from hypothesis import strategies as st

from demur.archives.text import Escaping, clean, from_html, handles, refusals, unescaped
from demur.posts import Mention


def _as_meta(text):
    return text.encode("utf-8").decode("latin-1")


def _decided(texts):
    escaping = Escaping()
    for text in texts:
        escaping.hear(text)
    return escaping.found


WORDS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(WORDS))
def test_whatever_people_write_survives_metas_escape(texts):
    escaped = [_as_meta(text) for text in texts]
    back = unescaped(escaped) if _decided(escaped) else escaped
    assert back == texts


@given(st.lists(WORDS).filter(lambda texts: any(ord(c) > 0xFF for text in texts for c in text)))
def test_a_file_that_was_never_escaped_is_left_alone(texts):
    assert not _decided(texts)


def test_one_string_alone_cannot_tell_and_the_file_can():
    dutch = ["één zee", "Ã© is hoe het misgaat", "café", "ënig"]
    assert not _decided(dutch)
    assert _decided([_as_meta(text) for text in dutch])
    assert unescaped([_as_meta(text) for text in dutch]) == dutch


def test_a_string_cut_in_the_middle_of_a_character_stays_as_it_is():
    cut = _as_meta("zee 🌊")[:-1]
    assert unescaped([cut, _as_meta("één")]) == [cut, "één"]


def test_names_of_fields_are_unescaped_too():
    assert unescaped({_as_meta("Privéaccount"): 1}) == {"Privéaccount": 1}


@given(st.text())
def test_cleaning_moves_nothing_and_leaves_what_every_format_can_keep(text):
    tidy = clean(text)
    assert len(tidy) == len(text)
    assert tidy.encode("utf-8").decode("utf-8") == tidy
    assert "\0" not in tidy
    assert clean(tidy) == tidy


@given(WORDS.filter(lambda t: clean(t) == t and t.strip() == t))
def test_any_text_survives_html(text):
    said = " ".join(text.split())
    html = "<p>" + said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") + "</p>"
    read, _ = from_html(html)
    assert read.split() == said.split()


@given(st.text())
def test_no_markup_makes_the_reader_fall(html):
    from_html(html)


def test_links_are_where_the_text_says():
    html = (
        '<p>🐟 zie <a href="https://x.example/a">dit</a><br/><a class="mention" href="u">@j</a></p>'
    )
    text, anchors = from_html(html)
    assert text == "🐟 zie dit\n@j"
    assert [(text[a.start : a.end], a.href, a.mention) for a in anchors] == [
        ("dit", "https://x.example/a", False),
        ("@j", "u", True),
    ]


def test_paragraphs_lists_and_spaces_read_as_a_page_shows_them():
    html = "<h2>Kop</h2><p>  a \n b</p><ul><li>een</li><li>twee</li></ul><p>c<br><br>d</p>"
    assert from_html(html)[0] == "Kop\n\na b\n\neen\ntwee\n\nc\n\nd"


def test_a_handle_is_found_and_an_address_is_not():
    text = "@Jan, mail jan@dorp.example of zie x.nl/@piet. Dag @kees.de.boer.!"
    found = [(text[m.start : m.end], m.key) for m in handles(text, "instagram")]
    assert found == [("@Jan", "instagram:@jan"), ("@kees.de.boer", "instagram:@kees.de.boer")]


def test_a_known_mention_is_not_found_twice():
    known = Mention(start=0, end=4, key="bluesky:did:plc:jan")
    assert handles("@jan hoi", "bluesky", [known]) == (known,)


def test_a_no_is_a_tag_and_not_a_part_of_one():
    assert refusals("mooi #NoAI.", "#noml") == ("hashtag:noai", "hashtag:noml")
    assert refusals("#noaid is iets anders", "https://x.example/#noai", "&#noai") == ()
