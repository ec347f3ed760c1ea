"""The demo story: some 2,000 CloudEvents of 18 months at Larkspur, an online shop that does not exist.

`events()` tells it, in the order in which the events were recorded; `questions` holds what the demo asks about it.
"""

from __future__ import annotations

from collections.abc import Iterator

from graph_service.story.chapters import CHAPTERS
from graph_service.story.everyday import EVERYDAY
from graph_service.story.world import BEGIN, END, CloudEvent, World

__all__ = ["BEGIN", "END", "CloudEvent", "events"]


def events() -> Iterator[CloudEvent]:
    """All events as CloudEvents in the JSON format, the same at every call.

    `recordedtime` is when the producer wrote the event down: milliseconds, strictly increasing. Published with it as the timestamp of the
    Kafka record, known time follows the story.
    """
    world = World()
    for chapter in (*CHAPTERS, *EVERYDAY):
        world.begin(chapter(world))
    world.run()
    return world.events()
