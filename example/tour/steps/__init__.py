"""The route of the tour: every step, in its order."""

from example.tour.step import Step
from example.tour.steps import blocks, layout, reading, trouble, writing

ROUTE: tuple[Step, ...] = (
    layout.four_databases,
    layout.homes,
    layout.page,
    reading.after_a_write,
    reading.in_the_next_request,
    reading.not_there_yet,
    reading.in_a_transaction,
    blocks.from_primaries,
    blocks.read_only,
    writing.to_a_replica,
    writing.what_a_replica_gave,
    writing.to_another_database,
    writing.moved,
    blocks.using,
    reading.by_hand,
    trouble.dead_replica,
    trouble.wrong_targets,
    trouble.left_behind,
)
