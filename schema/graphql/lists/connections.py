"""What all connections share."""

from schema.graphql.lists.paging import Page
from schema.graphql.types.fields import attribute, published


@published(Page, "PageInfo", "The position of a page in its list.")
class PageInfoType:
    has_next_page: bool = attribute("Whether items follow this page.")
    has_previous_page: bool = attribute("Whether items precede this page.")
    start_cursor: str | None = attribute("Cursor of the first item of this page; null on an empty page.")
    end_cursor: str | None = attribute("Cursor of the last item of this page; null on an empty page.")
