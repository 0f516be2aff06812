"""The route of cost bookings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from quintet_server.services.ghostflow.costs.booking import BookCost, book_cost
from quintet_server.services.ghostflow.endpoints import Endpoint

__all__ = ["ENDPOINTS"]


class BookedCost(BaseModel):
    """What was booked; `clicks`: over how many the amount was split."""

    model_config = ConfigDict(alias_generator=to_camel)

    campaign_id: str
    from_: str = Field(alias="from")
    to: str
    amount: float
    currency: str
    clicks: int


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        path="/campaigns/{id}/costs",
        method="POST",
        handler=book_cost,
        operation_id="campaigns.add_cost",
        summary="Book an invoice: split an amount over the clicks of a time",
        scope="write:campaigns",
        request=BookCost,
        response=BookedCost,
    ),
)
