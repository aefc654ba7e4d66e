/* Registers of sepconv. Made by `python -m hw.register_text`; do not edit. */
#ifndef SEPCONV_REGISTERS_H
#define SEPCONV_REGISTERS_H

/* Bytes BASE must be a multiple of. */
#define SEPCONV_BASE_ALIGNMENT 4096u

/* the letters SEPC (ro) */
#define SEPCONV_IDENTITY 0x00u
#define SEPCONV_IDENTITY_RESET 0x43504553u
/* what this engine understands (ro) */
#define SEPCONV_VERSION 0x04u
#define SEPCONV_VERSION_RESET 0x00010003u
#define SEPCONV_VERSION_PROGRAM_SHIFT 0u
#define SEPCONV_VERSION_PROGRAM_MASK 0xffffu
#define SEPCONV_VERSION_REGISTERS_SHIFT 16u
#define SEPCONV_VERSION_REGISTERS_MASK 0xffff0000u
/* hash of the configuration, which programs carry (ro) */
#define SEPCONV_CONFIG 0x08u
/* one bit at a time, anything else is refused (wo) */
#define SEPCONV_CONTROL 0x0cu
#define SEPCONV_CONTROL_START_SHIFT 0u
#define SEPCONV_CONTROL_START_MASK 0x1u
#define SEPCONV_CONTROL_STOP_SHIFT 1u
#define SEPCONV_CONTROL_STOP_MASK 0x2u
#define SEPCONV_CONTROL_SOFT_RESET_SHIFT 2u
#define SEPCONV_CONTROL_SOFT_RESET_MASK 0x4u
/* state (ro) */
#define SEPCONV_STATUS 0x10u
#define SEPCONV_STATUS_BUSY_SHIFT 0u
#define SEPCONV_STATUS_BUSY_MASK 0x1u
#define SEPCONV_STATUS_DONE_SHIFT 1u
#define SEPCONV_STATUS_DONE_MASK 0x2u
#define SEPCONV_STATUS_ERROR_SHIFT 2u
#define SEPCONV_STATUS_ERROR_MASK 0x4u
#define SEPCONV_STATUS_HALTING_SHIFT 3u
#define SEPCONV_STATUS_HALTING_MASK 0x8u
/* the interrupt output is high while both bits are set (rw) */
#define SEPCONV_INTERRUPT 0x14u
#define SEPCONV_INTERRUPT_PENDING_SHIFT 0u
#define SEPCONV_INTERRUPT_PENDING_MASK 0x1u
#define SEPCONV_INTERRUPT_ENABLE_SHIFT 1u
#define SEPCONV_INTERRUPT_ENABLE_MASK 0x2u
/* byte address of the program, a multiple of 32 (rw) */
#define SEPCONV_PROGRAM_ADDRESS 0x18u
/* bytes of the longest burst: 32, 64, 128, 256 (rw) */
#define SEPCONV_BURST_BYTES 0x1cu
#define SEPCONV_BURST_BYTES_RESET 0x00000100u
/* first byte the engine may read (rw) */
#define SEPCONV_READ_FIRST 0x20u
#define SEPCONV_READ_FIRST_RESET 0xffffffffu
/* last byte the engine may read (rw) */
#define SEPCONV_READ_LAST 0x24u
/* first byte the engine may write (rw) */
#define SEPCONV_WRITE_FIRST 0x28u
#define SEPCONV_WRITE_FIRST_RESET 0xffffffffu
/* last byte the engine may write (rw) */
#define SEPCONV_WRITE_LAST 0x2cu
/* why the engine stopped; 0 without an error (ro) */
#define SEPCONV_ERROR 0x30u
#define SEPCONV_ERROR_CODE_SHIFT 0u
#define SEPCONV_ERROR_CODE_MASK 0xffu
#define SEPCONV_ERROR_UNIT_SHIFT 8u
#define SEPCONV_ERROR_UNIT_MASK 0x700u
/* which command it happened to (ro) */
#define SEPCONV_ERROR_COMMAND 0x34u
/* where it happened (ro) */
#define SEPCONV_ERROR_ADDRESS 0x38u
/* address on the bus of what programs, windows and the other registers call address 0, a multiple of 4096; no address may pass 2^32 (rw) */
#define SEPCONV_BASE 0x3cu
/* clock cycles from start to now or to the interrupt (ro) */
#define SEPCONV_CYCLES_LOW 0x40u
/* their upper half, as it was when CYCLES_LOW was last read (ro) */
#define SEPCONV_CYCLES_HIGH 0x44u
/* bus beats read since the start (ro) */
#define SEPCONV_READ_BEATS 0x48u
/* bus beats written since the start (ro) */
#define SEPCONV_WRITE_BEATS 0x4cu
/* commands of `load` ended since the start (ro) */
#define SEPCONV_ENDED_LOAD 0x50u
#define SEPCONV_ENDED_LOAD_COUNT_SHIFT 0u
#define SEPCONV_ENDED_LOAD_COUNT_MASK 0xffffu
/* commands of `weights` ended since the start (ro) */
#define SEPCONV_ENDED_WEIGHTS 0x54u
#define SEPCONV_ENDED_WEIGHTS_COUNT_SHIFT 0u
#define SEPCONV_ENDED_WEIGHTS_COUNT_MASK 0xffffu
/* commands of `depthwise` ended since the start (ro) */
#define SEPCONV_ENDED_DEPTHWISE 0x58u
#define SEPCONV_ENDED_DEPTHWISE_COUNT_SHIFT 0u
#define SEPCONV_ENDED_DEPTHWISE_COUNT_MASK 0xffffu
/* commands of `pointwise` ended since the start (ro) */
#define SEPCONV_ENDED_POINTWISE 0x5cu
#define SEPCONV_ENDED_POINTWISE_COUNT_SHIFT 0u
#define SEPCONV_ENDED_POINTWISE_COUNT_MASK 0xffffu
/* commands of `store` ended since the start (ro) */
#define SEPCONV_ENDED_STORE 0x60u
#define SEPCONV_ENDED_STORE_COUNT_SHIFT 0u
#define SEPCONV_ENDED_STORE_COUNT_MASK 0xffffu
/* which cycles the stall account counts (rw) */
#define SEPCONV_ACCOUNT 0xfcu
#define SEPCONV_ACCOUNT_LAYER_SHIFT 0u
#define SEPCONV_ACCOUNT_LAYER_MASK 0x3ffu
#define SEPCONV_ACCOUNT_ONE_SHIFT 10u
#define SEPCONV_ACCOUNT_ONE_MASK 0x400u
/* cycles of `fetch` since the start: `busy` (ro) */
#define SEPCONV_BUSY_FETCH 0x100u
/* cycles of `fetch` since the start: `space` (ro) */
#define SEPCONV_SPACE_FETCH 0x104u
/* cycles of `fetch` since the start: `bus` (ro) */
#define SEPCONV_BUS_FETCH 0x108u
/* cycles of `load` since the start: `busy` (ro) */
#define SEPCONV_BUSY_LOAD 0x10cu
/* cycles of `load` since the start: `data` (ro) */
#define SEPCONV_DATA_LOAD 0x110u
/* cycles of `load` since the start: `weights` (ro) */
#define SEPCONV_WEIGHTS_LOAD 0x114u
/* cycles of `load` since the start: `space` (ro) */
#define SEPCONV_SPACE_LOAD 0x118u
/* cycles of `load` since the start: `bus` (ro) */
#define SEPCONV_BUS_LOAD 0x11cu
/* cycles of `weights` since the start: `busy` (ro) */
#define SEPCONV_BUSY_WEIGHTS 0x120u
/* cycles of `weights` since the start: `data` (ro) */
#define SEPCONV_DATA_WEIGHTS 0x124u
/* cycles of `weights` since the start: `weights` (ro) */
#define SEPCONV_WEIGHTS_WEIGHTS 0x128u
/* cycles of `weights` since the start: `space` (ro) */
#define SEPCONV_SPACE_WEIGHTS 0x12cu
/* cycles of `weights` since the start: `bus` (ro) */
#define SEPCONV_BUS_WEIGHTS 0x130u
/* cycles of `depthwise` since the start: `busy` (ro) */
#define SEPCONV_BUSY_DEPTHWISE 0x134u
/* cycles of `depthwise` since the start: `fill_drain` (ro) */
#define SEPCONV_FILL_DRAIN_DEPTHWISE 0x138u
/* cycles of `depthwise` since the start: `data` (ro) */
#define SEPCONV_DATA_DEPTHWISE 0x13cu
/* cycles of `depthwise` since the start: `weights` (ro) */
#define SEPCONV_WEIGHTS_DEPTHWISE 0x140u
/* cycles of `depthwise` since the start: `space` (ro) */
#define SEPCONV_SPACE_DEPTHWISE 0x144u
/* cycles of `pointwise` since the start: `busy` (ro) */
#define SEPCONV_BUSY_POINTWISE 0x148u
/* cycles of `pointwise` since the start: `fill_drain` (ro) */
#define SEPCONV_FILL_DRAIN_POINTWISE 0x14cu
/* cycles of `pointwise` since the start: `data` (ro) */
#define SEPCONV_DATA_POINTWISE 0x150u
/* cycles of `pointwise` since the start: `weights` (ro) */
#define SEPCONV_WEIGHTS_POINTWISE 0x154u
/* cycles of `pointwise` since the start: `space` (ro) */
#define SEPCONV_SPACE_POINTWISE 0x158u
/* cycles of `store` since the start: `busy` (ro) */
#define SEPCONV_BUSY_STORE 0x15cu
/* cycles of `store` since the start: `data` (ro) */
#define SEPCONV_DATA_STORE 0x160u
/* cycles of `store` since the start: `weights` (ro) */
#define SEPCONV_WEIGHTS_STORE 0x164u
/* cycles of `store` since the start: `space` (ro) */
#define SEPCONV_SPACE_STORE 0x168u
/* cycles of `store` since the start: `bus` (ro) */
#define SEPCONV_BUS_STORE 0x16cu

/* All of them: ENTRY(offset). */
#define SEPCONV_REGISTERS(ENTRY) \
    ENTRY(SEPCONV_IDENTITY) \
    ENTRY(SEPCONV_VERSION) \
    ENTRY(SEPCONV_CONFIG) \
    ENTRY(SEPCONV_CONTROL) \
    ENTRY(SEPCONV_STATUS) \
    ENTRY(SEPCONV_INTERRUPT) \
    ENTRY(SEPCONV_PROGRAM_ADDRESS) \
    ENTRY(SEPCONV_BURST_BYTES) \
    ENTRY(SEPCONV_READ_FIRST) \
    ENTRY(SEPCONV_READ_LAST) \
    ENTRY(SEPCONV_WRITE_FIRST) \
    ENTRY(SEPCONV_WRITE_LAST) \
    ENTRY(SEPCONV_ERROR) \
    ENTRY(SEPCONV_ERROR_COMMAND) \
    ENTRY(SEPCONV_ERROR_ADDRESS) \
    ENTRY(SEPCONV_BASE) \
    ENTRY(SEPCONV_CYCLES_LOW) \
    ENTRY(SEPCONV_CYCLES_HIGH) \
    ENTRY(SEPCONV_READ_BEATS) \
    ENTRY(SEPCONV_WRITE_BEATS) \
    ENTRY(SEPCONV_ENDED_LOAD) \
    ENTRY(SEPCONV_ENDED_WEIGHTS) \
    ENTRY(SEPCONV_ENDED_DEPTHWISE) \
    ENTRY(SEPCONV_ENDED_POINTWISE) \
    ENTRY(SEPCONV_ENDED_STORE) \
    ENTRY(SEPCONV_ACCOUNT) \
    ENTRY(SEPCONV_BUSY_FETCH) \
    ENTRY(SEPCONV_SPACE_FETCH) \
    ENTRY(SEPCONV_BUS_FETCH) \
    ENTRY(SEPCONV_BUSY_LOAD) \
    ENTRY(SEPCONV_DATA_LOAD) \
    ENTRY(SEPCONV_WEIGHTS_LOAD) \
    ENTRY(SEPCONV_SPACE_LOAD) \
    ENTRY(SEPCONV_BUS_LOAD) \
    ENTRY(SEPCONV_BUSY_WEIGHTS) \
    ENTRY(SEPCONV_DATA_WEIGHTS) \
    ENTRY(SEPCONV_WEIGHTS_WEIGHTS) \
    ENTRY(SEPCONV_SPACE_WEIGHTS) \
    ENTRY(SEPCONV_BUS_WEIGHTS) \
    ENTRY(SEPCONV_BUSY_DEPTHWISE) \
    ENTRY(SEPCONV_FILL_DRAIN_DEPTHWISE) \
    ENTRY(SEPCONV_DATA_DEPTHWISE) \
    ENTRY(SEPCONV_WEIGHTS_DEPTHWISE) \
    ENTRY(SEPCONV_SPACE_DEPTHWISE) \
    ENTRY(SEPCONV_BUSY_POINTWISE) \
    ENTRY(SEPCONV_FILL_DRAIN_POINTWISE) \
    ENTRY(SEPCONV_DATA_POINTWISE) \
    ENTRY(SEPCONV_WEIGHTS_POINTWISE) \
    ENTRY(SEPCONV_SPACE_POINTWISE) \
    ENTRY(SEPCONV_BUSY_STORE) \
    ENTRY(SEPCONV_DATA_STORE) \
    ENTRY(SEPCONV_WEIGHTS_STORE) \
    ENTRY(SEPCONV_SPACE_STORE) \
    ENTRY(SEPCONV_BUS_STORE)

/* Units and keys of the stall account. */
#define SEPCONV_ACCOUNTED_FETCH 0u
#define SEPCONV_ACCOUNTED_LOAD 1u
#define SEPCONV_ACCOUNTED_WEIGHTS 2u
#define SEPCONV_ACCOUNTED_DEPTHWISE 3u
#define SEPCONV_ACCOUNTED_POINTWISE 4u
#define SEPCONV_ACCOUNTED_STORE 5u
#define SEPCONV_KEY_BUSY 0u
#define SEPCONV_KEY_FILL_DRAIN 1u
#define SEPCONV_KEY_DATA 2u
#define SEPCONV_KEY_WEIGHTS 3u
#define SEPCONV_KEY_SPACE 4u
#define SEPCONV_KEY_BUS 5u
#define SEPCONV_KEY_IDLE 6u
#define SEPCONV_ACCOUNTED 6u
#define SEPCONV_KEYS 7u

/* Its counters: ENTRY(unit, key), in the order of their registers. */
#define SEPCONV_COUNTERS(ENTRY) \
    ENTRY(0u, 0u) \
    ENTRY(0u, 4u) \
    ENTRY(0u, 5u) \
    ENTRY(1u, 0u) \
    ENTRY(1u, 2u) \
    ENTRY(1u, 3u) \
    ENTRY(1u, 4u) \
    ENTRY(1u, 5u) \
    ENTRY(2u, 0u) \
    ENTRY(2u, 2u) \
    ENTRY(2u, 3u) \
    ENTRY(2u, 4u) \
    ENTRY(2u, 5u) \
    ENTRY(3u, 0u) \
    ENTRY(3u, 1u) \
    ENTRY(3u, 2u) \
    ENTRY(3u, 3u) \
    ENTRY(3u, 4u) \
    ENTRY(4u, 0u) \
    ENTRY(4u, 1u) \
    ENTRY(4u, 2u) \
    ENTRY(4u, 3u) \
    ENTRY(4u, 4u) \
    ENTRY(5u, 0u) \
    ENTRY(5u, 2u) \
    ENTRY(5u, 3u) \
    ENTRY(5u, 4u) \
    ENTRY(5u, 5u)

/* Codes of the field `code` of ERROR. */
#define SEPCONV_FAULT_PROGRAM 1u /* the program is not of this format */
#define SEPCONV_FAULT_CONFIGURATION 2u /* the program is for another configuration */
#define SEPCONV_FAULT_CHECKSUM 3u /* a block of the program is broken */
#define SEPCONV_FAULT_TAG 4u /* a block belongs to another program */
#define SEPCONV_FAULT_UNIT 5u /* a command names no unit */
#define SEPCONV_FAULT_COUNT 6u /* a command has nothing to do: one of its counts is 0 */
#define SEPCONV_FAULT_FIELDS 7u /* a command's fields contradict one another, or the engine's sizes */
#define SEPCONV_FAULT_READ_SLAVE 8u /* the memory answered a read with SLVERR */
#define SEPCONV_FAULT_READ_DECODE 9u /* the memory answered a read with DECERR */
#define SEPCONV_FAULT_WRITE_SLAVE 10u /* the memory answered a write with SLVERR */
#define SEPCONV_FAULT_WRITE_DECODE 11u /* the memory answered a write with DECERR */
#define SEPCONV_FAULT_READ_WINDOW 12u /* a read outside of the read window was held back */
#define SEPCONV_FAULT_WRITE_WINDOW 13u /* a write outside of the write window was held back */
#define SEPCONV_FAULT_BURST 14u /* an empty burst, or one not at a multiple of the bus width, was held back */
#define SEPCONV_FAULT_DEADLOCK 16u /* a command waits for what nobody is going to do */
#define SEPCONV_FAULT_CONFLICT 17u /* two units met in one bank of the activation memory */
#define SEPCONV_FAULT_STOPPED 18u /* the host stopped the engine */
#define SEPCONV_FAULT_BUSY 19u /* the host started the engine while it ran */

/* Codes of the field `unit` of ERROR. */
#define SEPCONV_UNIT_LOAD 0u
#define SEPCONV_UNIT_WEIGHTS 1u
#define SEPCONV_UNIT_DEPTHWISE 2u
#define SEPCONV_UNIT_POINTWISE 3u
#define SEPCONV_UNIT_STORE 4u
#define SEPCONV_UNIT_FETCH 5u
#define SEPCONV_UNIT_HOST 6u

/* All of them: ENTRY(code, name, text). */
#define SEPCONV_FAULTS(ENTRY) \
    ENTRY(1u, "program", "the program is not of this format") \
    ENTRY(2u, "configuration", "the program is for another configuration") \
    ENTRY(3u, "checksum", "a block of the program is broken") \
    ENTRY(4u, "tag", "a block belongs to another program") \
    ENTRY(5u, "unit", "a command names no unit") \
    ENTRY(6u, "count", "a command has nothing to do: one of its counts is 0") \
    ENTRY(7u, "fields", "a command's fields contradict one another, or the engine's sizes") \
    ENTRY(8u, "read_slave", "the memory answered a read with SLVERR") \
    ENTRY(9u, "read_decode", "the memory answered a read with DECERR") \
    ENTRY(10u, "write_slave", "the memory answered a write with SLVERR") \
    ENTRY(11u, "write_decode", "the memory answered a write with DECERR") \
    ENTRY(12u, "read_window", "a read outside of the read window was held back") \
    ENTRY(13u, "write_window", "a write outside of the write window was held back") \
    ENTRY(14u, "burst", "an empty burst, or one not at a multiple of the bus width, was held back") \
    ENTRY(16u, "deadlock", "a command waits for what nobody is going to do") \
    ENTRY(17u, "conflict", "two units met in one bank of the activation memory") \
    ENTRY(18u, "stopped", "the host stopped the engine") \
    ENTRY(19u, "busy", "the host started the engine while it ran")

/* Names of the units: ENTRY(code, name). */
#define SEPCONV_UNITS(ENTRY) \
    ENTRY(0u, "load") \
    ENTRY(1u, "weights") \
    ENTRY(2u, "depthwise") \
    ENTRY(3u, "pointwise") \
    ENTRY(4u, "store") \
    ENTRY(5u, "fetch") \
    ENTRY(6u, "host")

#endif
