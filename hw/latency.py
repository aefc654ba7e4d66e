"""Latencies of the datapaths in clock cycles: read by the gateware that has them and by the model that counts them.

Each is measured by a test on the generated hardware.
"""

from hw.config import KERNEL, MAX_BURST_BYTES, EngineConfig

RAM_READ = 2
"""From a block memory's address to its data: the memory, and a register behind it, since the memory answers late."""

ACTIVATION_READ = 1 + 1 + RAM_READ + 2
"""From a read request to its data: which row of which bank, request register of the group, memory, two steps of the
reader's choice among the groups, which lie all over the chip."""

MULTIPLY = 3
"""From the factors to their product: registers in front, in the middle and behind, as multiplier blocks have them."""

RESCALE = 2 + MULTIPLY + 4
"""From accumulator to the value before zero point and clamp: bias, left shift; products; sums, high part, rounding,
right shift."""

REQUANTISE = RESCALE + 2
"""From accumulator to output byte: narrowing, and zero point with clamp."""

BACKLOG = 2
"""From a command's arrival at the drain, or the take of the one before, to its place at the head: memory, register."""

COMMAND_PARTS = 4
"""Parts in which a command comes from `fetch` into its queue, and from there to its head, one a cycle."""

HEAD = COMMAND_PARTS + 1
"""From a command's delivery, or the start of the one before, to its place at the head of its unit's queue."""

SWITCH = 1
"""Cycle between the last issue of a command and the moment the datapath takes the next one."""

TAKE = 1
"""From taking a command to its first issue."""


FOLLOWING = 1
"""Cycle a pointwise command waits for its turn at least: its start is known to the passes a cycle later."""

POINTWISE_TAKE = 3
"""From taking a pointwise command to its first issue: its counts, what the first pass is and ends, its entry."""

PASS_READY = 4
"""From a pass's first issue to the next pass's at least: the step, the counts, what it is and ends, its entry."""

ADDRESS = 3
"""From a vector's issue to its read request: places, what lies inside of the input, the banks of that."""


def array_input(config: EngineConfig) -> int:
    """From a vector's issue to its operand at the first element: address, read, turn to lane 0, subtract."""
    return ADDRESS + ACTIVATION_READ + 1 + 1


def array_latency(config: EngineConfig) -> int:
    """From a vector's issue to its sums below the first column."""
    return array_input(config) + MULTIPLY + config.pe_rows


def weight_latency(config: EngineConfig) -> int:
    """From a weight word's issue to its arrival at the first column.

    Weights are taken from their bank a cycle before the operands arrive. A row of the bank not in use is overwritten
    right behind the wave of the previous pass and ahead of the next one's. One row a cycle just follows the wave; two
    rows a cycle start half an array later. The first word is issued a cycle after the first vector of the previous
    pass.
    """
    wave = array_input(config) - 2
    return wave - 1 if config.weight_rows_per_word == 1 else wave + config.pe_rows // 2 - 1


ACCUMULATOR_READ = 1 + RAM_READ
"""From a read of the accumulators by a column to its data: whose read it is, with a register by each memory, memory."""


def drain_delay(config: EngineConfig) -> int:
    """From a block's last issue to the cycle before its first read by the drain.

    Its last sum, in the last column, is written a cycle after it arrived and there to be read in the next one; a read
    has two registers on its way to the memory.
    """
    return array_latency(config) + config.pe_cols - 2


def reset_cycles(config: EngineConfig) -> int:
    """Cycles the engine is held in reset.

    Registers that only delay have no reset of their own: the longest row of them, from a vector's issue to the
    accumulators, empties meanwhile.
    """
    return array_latency(config) + config.pe_cols + RAM_READ + 3


DRAIN_TAKE = 4
"""From taking a command to its first step: the command, its counts, what the first block is and ends, its entry."""

BLOCK_READY = PASS_READY
"""From a block's first step to the next block's at least: the step, the counts, what it is and ends, its entry.

Blocks of as many vectors drain so long, or their last vectors are issued so far apart; shorter ones of several tiles
are refused, unless a residual makes each vector last `RESIDUAL_SLOTS` cycles. If the first of two blocks had to wait
for the drain, the second adds up in the half of the block it waited for, and comes later than `array_latency` after
that is given back.
"""

DRAINED = 1 + ACCUMULATOR_READ + 1
"""From a read of the accumulators by the drain to its data: the address, which crosses the array, the column's read,
select register."""


def longest_drain(config: EngineConfig) -> int:
    """Cycles a vector may drain for, so that `drain_tail_vectors` is at least 1."""
    return array_latency(config) + 1


def drain_tail_vectors(config: EngineConfig) -> int:
    """Vectors still undrained when the half is given to the next block.

    The next block's first sum arrives `array_latency` after its issue, about as many cycles of draining may be
    left. A vector is read for `drain_cycles` cycles and its successor is written a cycle after it, so the last of
    them must be read before the writes, which are faster, get there. All must be read before a pass adds to the next
    block's first vector, which takes the memory's read port.
    """
    latency, cycles = array_latency(config) - 2, config.drain_cycles
    before_adds = (latency + PASS_READY - 1) // cycles
    return before_adds if cycles == 1 else min(before_adds, (latency + 2) // (cycles - 1))


RESIDUAL_SLOTS = 4
"""Turns of the requantiser for an element with a residual: the layer's, one for each operand, one for the sum."""

RESIDUAL_OPERANDS = -(-REQUANTISE // RESIDUAL_SLOTS)
"""Steps from an element's first turn to that of its operands: the requantiser and back."""

RESIDUAL_SUM = RESIDUAL_OPERANDS + -(-RESCALE // RESIDUAL_SLOTS) + 1
"""Steps from an element's first turn to that of its sum: twice through the requantiser."""

RESIDUAL_TAIL = (RESIDUAL_SUM - 1) * RESIDUAL_SLOTS + 2
"""Cycles from the end of a command's last step to the turn of its last sum."""


def depthwise_window(config: EngineConfig) -> int:
    """From a column block's first issue to the first use of its columns as a window: its reads, each from its turn by
    two sums to its address, the data, turned to lane 0."""
    return KERNEL + 3 + ACTIVATION_READ + 1


TAPS_TAKE = 2
"""From a depthwise command's start to the first word of its taps."""

DEPTHWISE_TAPS = 2
"""From a window to the moment its taps are needed."""

DEPTHWISE_LANES = DEPTHWISE_TAPS + MULTIPLY + 2
"""From a window to its sums: select in two steps, subtract into the multiplier, add by threes, add."""


DEPTHWISE_SUM = DEPTHWISE_LANES + 1
"""From a window to the sum over the windows that are added up."""


def tap_slots(config: EngineConfig) -> int:
    """Channel blocks whose taps and parameters are kept, a power of two.

    A block loads from the start of the one before, so blocks start as far apart as one loads, at least. The place of a
    block that has just ended is written again `tap_slots` - 2 of these spans after the start of the next one, and then
    the first group's words and the memory's time; until then its last window must have had its parameters.
    """
    last_use = depthwise_window(config) + DEPTHWISE_SUM
    slots = 4
    while (slots - 2) * config.dw_block_words + config.dw_group_words + RAM_READ + 1 < last_use:
        slots *= 2
    return slots


def depthwise_output(config: EngineConfig) -> int:
    """From a column block's first issue to the write of its first window's word, if `dw_groups` is 1."""
    return depthwise_window(config) + DEPTHWISE_SUM + REQUANTISE + 1

BURST = 2
"""From the start of a transfer, or the grant of one of its bursts, to the next one: what it is takes a cycle."""

CHOICE = 1
"""From the offer of a burst to its grant: the choice of the next user, before it is known whether the bus is free."""

GRANT = 3
"""From the grant of a burst to the bus: the one chosen, the check of the windows, the request. Grants are as far
apart."""

assert GRANT >= BURST + CHOICE

READ_BEAT = 2
"""From a beat of a read at the pins to the unit it is for: whose it is, and a register, since that unit is far away."""

BUFFERED = 1 + RAM_READ
"""From a beat's way into the buffer of `fetch` or `store` to its place at the head: it is known to be there, memory."""

FETCH_OFFER = 1
"""From the moment `fetch` has room for a burst to its offer."""

FETCH_START = 1
"""From the start of a program, or the delivery of its header, to that of the transfer."""

CHECKSUM = 3
"""From a block's last beat to whether its checksum matches: what the beat adds, the sum, the comparison."""

FETCH_CHECK = CHECKSUM + 1
"""From a command's last beat to its delivery: its checksum and whatever else may be wrong, whether anything is."""

REGISTER_WRITE = 4
"""From address and data of a write to its acceptance: which register, what it would hold, what that is, whether it
may."""

REGISTER_READ = 1
"""From the address of a read to its acceptance: which register. Counters take their time."""

OPEN_TRANSFERS = 4
"""Load or weights commands whose data may still be on its way."""

STORE_BURSTS = 2
"""Bursts the store unit buffers."""

STORE_READ = ACTIVATION_READ + 1
"""From a beat's read in the activation memory to its place in the store buffer."""

FINISHED = 2
"""From the last command's end to the interrupt: whether all have ended, the interrupt."""

DEADLOCK_CYCLES = 32
"""Cycles of standstill after which the engine gives up. In a legal program nothing stands still, whatever the memory
does: an open burst is no standstill, and neither is a started command; from the end of one to the start of the next
it takes a cycle more than `HEAD`."""

FETCH_BYTES = 2 * MAX_BURST_BYTES
"""Buffer of the fetch unit."""
