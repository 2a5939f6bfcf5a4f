"""A poisonous command is answered with its fault alone; whoever waited beside it is served."""

import asyncio
from dataclasses import dataclass
from typing import Final

import msgspec
import psycopg
import pytest

from twh_server.catalogue.item_commands import CreateItem
from twh_server.catalogue.item_writes import STORE_ITEMS
from twh_server.catalogue.location_commands import CreateLocation
from twh_server.journal.commands import Answer, Effects, Write
from twh_server.ledger.verify import verify


@dataclass(frozen=True)
class Raising:
    """A command with a bug."""

    weight: Final = 1

    def asks(self):
        return ()

    def decide(self, facts, moment):
        raise ZeroDivisionError


@dataclass(frozen=True)
class Unwritable:
    """A command that decides what the database does not take: it stores an item with a value of one's choice."""

    column: str
    value: object
    weight: Final = 1

    def asks(self):
        return ()

    def decide(self, facts, moment):
        effects = CreateItem(sku="poison", name="Poison").decide(facts, moment)
        (_, item), *_ = effects.rows
        effects.rows[0] = (STORE_ITEMS, msgspec.structs.replace(item, **{self.column: self.value}))
        return effects


class Nothing(msgspec.Struct):
    """A row that says nothing."""


@dataclass(frozen=True)
class Failing:
    """A command whose statement the database fails with a state of one's choice."""

    state: str
    weight: Final = 1

    def asks(self):
        return ()

    def decide(self, facts, moment):
        fail = f"do $$ begin raise exception using errcode = '{self.state}'; end $$"
        return Effects(result=None, rows=[(Write(sql=fail, rank=0), Nothing())])


POISONS = {
    "raises": (Raising(), ZeroDivisionError),
    "breaks a rule of the schema": (Unwritable("scale", 10), psycopg.errors.CheckViolation),
    "is too large for its column": (Unwritable("scale", 100_000), psycopg.Error),
    "has a NUL": (Unwritable("name", "a\0b"), psycopg.Error),
    "is of no type that JSON knows": (Unwritable("name", object()), TypeError),
    "is not JSON": (Unwritable("attributes", msgspec.Raw(b"{")), psycopg.Error),
    "is beyond a limit of the database": (Failing("54000"), psycopg.errors.ProgramLimitExceeded),
    "meets a fault of the disk": (Failing("58030"), psycopg.errors.IoError),
}


def bins(count):
    return [CreateLocation(code=f"BIN-{number}", name="A bin") for number in range(count)]


async def together(ask, commands):
    return await asyncio.gather(*(ask(command) for command in commands), return_exceptions=True)


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS)
async def test_the_culprit_alone_gets_its_fault(ask, poison):
    command, fault = poison
    answers = await together(ask, [*bins(9), command, *bins(20)[9:]])

    assert [position for position, answer in enumerate(answers) if isinstance(answer, Exception)] == [9]
    assert isinstance(answers[9], fault)
    assert {answer.status for answer in answers if isinstance(answer, Answer)} == {200}


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS)
async def test_nothing_of_the_culprit_remains_and_all_of_its_neighbours(ask, poison, stockroom, count, database, shop):
    await together(ask, [*bins(5), poison[0], *bins(10)[5:]])

    assert (await count("locations"), await count("items")) == (2 + 10, 2)
    assert (await verify(database, shop.tenant)).fault is None


async def test_several_culprits_are_all_found(ask, count):
    culprits = [POISONS["breaks a rule of the schema"][0], POISONS["has a NUL"][0], Raising()]
    answers = await together(ask, [culprits[0], *bins(4), culprits[1], culprits[2], *bins(8)[4:], culprits[0]])

    assert sum(isinstance(answer, Exception) for answer in answers) == 4
    assert await count("locations") == 2 + 8


async def test_a_fault_is_not_remembered_so_that_the_key_can_try_again(ask):
    with pytest.raises(ZeroDivisionError):
        await ask(Raising(), "k")
    retried = await ask(CreateLocation(code="BIN", name="Bin"), "k")

    assert (retried.status, retried.replayed) == (200, False)


async def test_a_command_that_cannot_be_answered_has_no_effect(ask, count):
    def answer(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await ask(CreateLocation(code="BIN", name="Bin"), answer=answer)

    assert await count("locations") == 2


async def test_a_command_whose_answer_cannot_be_kept_has_no_effect(ask, count):
    def answer(_):
        return Answer(status=200, body=b"\xff is no text")

    with pytest.raises(UnicodeDecodeError):
        await ask(CreateLocation(code="BIN", name="Bin"), "k", answer=answer)

    assert await count("locations") == 2


async def test_a_command_whose_news_cannot_be_told_has_no_effect(ask, count):
    @dataclass(frozen=True)
    class Babbling(CreateLocation):
        def decide(self, facts, moment):
            effects = CreateLocation.decide(self, facts, moment)
            news = [*effects.news, type(effects.news[0])(kind="location.created", data=b"\xff")]
            return Effects(result=effects.result, rows=effects.rows, news=news, known=effects.known)

    with pytest.raises(UnicodeDecodeError):
        await ask(Babbling(code="BIN", name="Bin"))

    assert await count("locations") == 2
