"""Many wide counters in one memory."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.gateware.component import Component
from hw.gateware.layouts import delayed, selector
from hw.gateware.ram import Ram
from hw.latency import RAM_READ

COUNTER_BITS = 32

STATE_BITS = 5
"""Of a short counter. It is a shift register, which spares an adder: a counter a bit wide costs a bit."""
TAPS = (4, 2)
STATES = (1 << STATE_BITS) - 1
"""States it runs through before it repeats; the one of all ones is not among them."""

STAGES = RAM_READ + 1
"""From the turn of a counter to its write: read, add."""


def _step(state: int) -> int:
    return (state << 1 | 1 ^ sum(state >> tap for tap in TAPS) & 1) & STATES


def counts() -> list[int]:
    """Steps from state 0 to each state. That of all ones is never reached."""
    result, state = [0] * (STATES + 1), 0
    for count in range(STATES):
        result[state] = count
        state = _step(state)
    return result


class ReadCounter(wiring.Signature):
    """Read of a counter, from the reader's side.

    Members
    -------
    wanted, index : Out, held until `given`.
    given : In(1), `value` is that of counter `index`, with all that was counted before `wanted`.
    """

    def __init__(self, count: int) -> None:
        super().__init__({"wanted": Out(1), "index": Out(selector(count)), "given": In(1),
                          "value": In(COUNTER_BITS)})


class Counters(Component):
    """`count` counters of `COUNTER_BITS`, each of which may count in every cycle.

    Each has a short counter; they are added to the memory by turns, one a cycle. With `count` < `STATES` none
    overflows in between, with `count` > `STAGES` each finds in the memory what it has written there, and with one more
    what was wanted is given before its next turn.

    Members
    -------
    start : In(1), all become 0; a count in this cycle is the first.
    events : In(count), counters that count in this cycle.
    counter : In(`ReadCounter`), given up to `count` + `STAGES` cycles after it is wanted.
    """

    def __init__(self, count: int) -> None:
        assert STAGES + 1 < count < STATES, f"{count} counters: must be {STAGES + 2} to {STATES - 1}"
        self.count = count
        super().__init__({
            "start": In(1), "events": In(count), "counter": In(ReadCounter(count)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        turn, chosen = Signal(selector(self.count)), Signal(self.count, init=1)
        fresh = Signal(init=1)
        """Nothing of this run is in the memory yet."""
        last = turn == self.count - 1
        m.d.sync += [turn.eq(Mux(last | self.start, 0, turn + 1)), fresh.eq(self.start | fresh & ~last),
                     chosen.eq(Mux(self.start, 1, chosen.rotate_left(1)))]

        states = [Signal(STATE_BITS, name=f"state_{number}") for number in range(self.count)]
        for number, state in enumerate(states):
            event, anew = self.events[number], Signal(name=f"anew_{number}")
            m.d.comb += anew.eq(self.start | chosen[number])
            with m.If(anew):
                m.d.sync += state.eq(event)  # 1 is the state after 0
            with m.Elif(event):
                m.d.sync += state.eq(Cat(~(state[TAPS[0]] ^ state[TAPS[1]]), state))

        m.submodules.memory = memory = Ram(width=COUNTER_BITS, depth=self.count, granule=COUNTER_BITS)
        state, short, asked = Signal(STATE_BITS), Signal(STATE_BITS), Signal()
        wanted = delayed(m, self.counter.wanted, 1, "wanted")
        unwritten = delayed(m, fresh, RAM_READ, "fresh")
        m.d.comb += [memory.read_address.eq(turn), asked.eq(wanted & (self.counter.index == turn))]
        m.d.sync += [
            # Ands and ors: half the size of a multiplexer over `turn`.
            state.eq(Cat((Cat(other[bit] for other in states) & chosen).any() for bit in range(STATE_BITS))),
            short.eq(Array(Const(count, STATE_BITS) for count in counts())[state]),
            self.counter.value.eq(Mux(unwritten, 0, memory.read_data) + short),
        ]
        m.d.comb += [
            memory.write_enable.eq(1), memory.write_address.eq(delayed(m, turn, STAGES, "turn")),
            memory.write_data.eq(self.counter.value),
            self.counter.given.eq(delayed(m, asked, STAGES, "given")),
        ]
        return m


assert STAGES == 3  # of which `state` and `short` are two
