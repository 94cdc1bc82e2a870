import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.masking import mask_credentials


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mongodb+srv://me:s3cret@db.example/?w=majority", "mongodb+srv://me:***@db.example/?w=majority"),
        ("redis://:s3cret@cache:6379/0", "redis://:***@cache:6379/0"),
        ("cannot reach redis://a:b@c and mongodb://d:e@f", "cannot reach redis://a:***@c and mongodb://d:***@f"),
        ("mongodb://h/?tlsCertificateKeyFilePassword=abc&w=1", "mongodb://h/?tlsCertificateKeyFilePassword=***&w=1"),
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("https://example.org/a?b=c", "https://example.org/a?b=c"),
    ],
)
def test_passwords_and_nothing_else_are_masked(text: str, masked: str) -> None:
    assert mask_credentials(text) == masked


@given(st.text(alphabet=st.characters(exclude_characters="/@ \t\n\r", exclude_categories=("Cs", "Z", "C")), min_size=3))
def test_no_password_survives(password: str) -> None:
    assert f":{password}@" not in mask_credentials(f"mongodb://user:{password}@host/db").replace(":***@", "")
