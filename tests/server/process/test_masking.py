import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.process.masking import mask_credentials, mask_url


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mongodb+srv://me:s3cret@db.example/?w=majority", "mongodb+srv://me:***@db.example/?w=majority"),
        ("redis://:s3cret@cache:6379/0", "redis://:***@cache:6379/0"),
        ("cannot reach redis://a:b@c and mongodb://d:e@f", "cannot reach redis://a:***@c and mongodb://d:***@f"),
        ("mongodb://h/?tlsCertificateKeyFilePassword=abc&w=1", "mongodb://h/?tlsCertificateKeyFilePassword=***&w=1"),
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("at mongodb://u:p/a#s?s@h/db now", "at mongodb://u:***@h/db now"),
        ("redis://:p@ss@h", "redis://:***@h"),
        ("redis://token@h/0", "redis://***@h/0"),
        ("'mongodb://a/b:c@h'", "'mongodb://***@h'"),
        ("https://example.org/@user/x", "https://example.org/@user/x"),
        ("https://example.org/a?b=c", "https://example.org/a?b=c"),
    ],
)
def test_passwords_and_nothing_else_are_masked(text: str, masked: str) -> None:
    assert mask_credentials(text) == masked


@given(st.text(alphabet=st.characters(exclude_characters="/@ \t\n\r", exclude_categories=("Cs", "Z", "C")), min_size=3))
def test_no_password_survives(password: str) -> None:
    assert f":{password}@" not in mask_credentials(f"mongodb://user:{password}@host/db").replace(":***@", "")


@given(st.text(st.characters(exclude_categories=("Cs", "Z", "C")), min_size=4))
def test_no_character_of_a_password_matters(password: str) -> None:
    assert mask_credentials(f"lost mongodb://user:{password}@host/db") == "lost mongodb://user:***@host/db"


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("mongodb://h:27017/db?w=1", "mongodb://h:27017/db?w=1"),
        ("mongodb://user:word", "mongodb://***"),
        ("redis://:1234", "redis://***"),
        ("redis://:a b@h", "redis://:***@h"),
        ("user:word@h", "user:***@h"),
        ("localhost:6379", "localhost:6379"),
        ("a token", "***"),
        ("redis://h?password=a&b", "redis://h?password=***"),
        ("redis://h?password=a@b", "redis://***"),
        ("unix:///run/x.sock?db=1", "unix:///run/x.sock?db=1"),
    ],
)
def test_the_value_of_a_setting_shows_no_more_than_a_place(url: str, masked: str) -> None:
    assert mask_url(url) == masked
