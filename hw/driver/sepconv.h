/* Runs programs on an engine: identify, load, start, wait, read the output, say what went wrong.
 *
 * Freestanding C99, no heap. The same steps as hw/driver/driver.py. Registers: sepconv_registers.h; blocks of a program:
 * sepconv_program.h. One thread at a time.
 */
#ifndef SEPCONV_H
#define SEPCONV_H

#include <stdint.h>

#include "sepconv_program.h"
#include "sepconv_registers.h"

/* How the host reaches the engine, and a buffer in memory that both share. Addresses are bytes of the buffer. What
 * write_memory wrote must be in memory, not in a cache, before a later write32 arrives; read_memory must not return what
 * a cache held before. */
struct sepconv_bus {
    void *context; /* first argument of all functions */
    uint32_t base; /* address of the buffer on the engine's bus, a multiple of SEPCONV_BASE_ALIGNMENT */
    uint32_t (*read32)(void *context, uint32_t offset);
    void (*write32)(void *context, uint32_t offset, uint32_t value);
    void (*read_memory)(void *context, uint32_t address, uint8_t *data, uint32_t size);
    void (*write_memory)(void *context, uint32_t address, const uint8_t *data, uint32_t size);
    int (*wait)(void *context); /* waits for the interrupt, but not long: a reset brings none; 0 to give up */
};

/* How a picture becomes the pixels under each window of its first convolution, as `Patches` of hw/program.py. */
struct sepconv_patches {
    uint32_t height, width, channels; /* of the picture */
    uint32_t kernel_columns; /* 0: the tensor is the picture as it is */
    uint32_t row_stride, column_stride, pad_top, pad_left;
    int32_t zero_point; /* value of the padding */
};

/* An int8 tensor in memory, as `DramTensor` of hw/program.py: blocks of block_channels channels, `stride` bytes apart. */
struct sepconv_tensor {
    uint32_t height, width, channels;
    uint32_t block_channels, address, stride;
    struct sepconv_patches patches; /* input only */
};

/* What the compiler made. */
struct sepconv_model {
    const uint8_t *image; /* weights, from address 0 on */
    uint32_t image_bytes;
    const uint8_t *program; /* blocks */
    uint32_t program_bytes, program_address;
    uint32_t read_first, read_last, write_first, write_last; /* all that the engine may touch, in bytes */
    uint32_t burst_bytes;
    struct sepconv_tensor input, output;
};

enum sepconv_result {
    SEPCONV_OK = 0,
    SEPCONV_NO_ENGINE, /* IDENTITY does not read SEPC */
    SEPCONV_OTHER_VERSION, /* of the registers or of programs */
    SEPCONV_BROKEN_PROGRAM, /* the first block is not a program's header, or blocks are missing */
    SEPCONV_OTHER_CONFIG, /* the program is for another engine */
    SEPCONV_NOT_AT_REST, /* it runs, or has stopped and was not reset */
    SEPCONV_NOT_LOADED,
    SEPCONV_REFUSED, /* a setting does not read back as it was written */
    SEPCONV_OUT_OF_REACH, /* the buffer is not aligned, or passes the end of the address space */
    SEPCONV_FAULT, /* the engine stopped: see `fault` */
    SEPCONV_GAVE_UP, /* `wait` of the bus returned 0: it still runs */
    SEPCONV_NOT_STARTED /* at rest, and nothing has ended */
};

#define SEPCONV_NO_COMMAND 0xffffffffu

struct sepconv_fault {
    uint32_t code; /* SEPCONV_FAULT_... */
    uint32_t unit; /* SEPCONV_UNIT_... */
    uint32_t index; /* of the command among those of its unit; of fetch: block of the program */
    uint32_t address;
    uint32_t block; /* of the program, where the command stands; SEPCONV_NO_COMMAND if the fault has none */
    uint32_t layer; /* of that command; SEPCONV_NO_COMMAND if there is none */
};

struct sepconv_counters {
    uint64_t cycles;
    uint32_t read_beats, write_beats;
    uint32_t ended[5]; /* by unit */
};

/* Where the cycles went, as hw/account.py defines it. */
struct sepconv_account {
    uint32_t cycles[SEPCONV_ACCOUNTED][SEPCONV_KEYS]; /* by SEPCONV_ACCOUNTED_..., SEPCONV_KEY_... */
};

#define SEPCONV_ALL_LAYERS 0xffffffffu

struct sepconv {
    const struct sepconv_bus *bus;
    const struct sepconv_model *model; /* what is loaded */
    struct sepconv_fault fault; /* of the last run that ended in SEPCONV_FAULT */
    uint32_t config; /* hash of the engine's configuration */
};

/* Is there an engine this driver understands? */
enum sepconv_result sepconv_open(struct sepconv *engine, const struct sepconv_bus *bus);
/* Puts the model into memory and points the engine at it. It must outlive its use. */
enum sepconv_result sepconv_load(struct sepconv *engine, const struct sepconv_model *model);
/* Input (the picture) and output: int8 values in the order height, width, channels. */
enum sepconv_result sepconv_write_input(const struct sepconv *engine, const int8_t *values);
enum sepconv_result sepconv_start(const struct sepconv *engine);
enum sepconv_result sepconv_wait(struct sepconv *engine);
enum sepconv_result sepconv_read_output(const struct sepconv *engine, int8_t *values);
/* The four above, one after another. */
enum sepconv_result sepconv_run(struct sepconv *engine, const int8_t *input, int8_t *output);
/* A running program ends with the fault SEPCONV_FAULT_STOPPED. */
void sepconv_stop(const struct sepconv *engine);
/* Back to rest, whatever the engine was doing; the model stays loaded. */
enum sepconv_result sepconv_reset(const struct sepconv *engine);
struct sepconv_counters sepconv_count(const struct sepconv *engine);
/* Of the last program; all idle if the engine has no counters. */
struct sepconv_account sepconv_account(const struct sepconv *engine);
/* From the next start on the account has the cycles of one layer, by its number, or SEPCONV_ALL_LAYERS. */
enum sepconv_result sepconv_count_layer(const struct sepconv *engine, uint32_t layer);
/* What a fault's code means and who its unit is, for people; "unknown" for others. */
const char *sepconv_fault_text(uint32_t code);
const char *sepconv_unit_name(uint32_t unit);

#endif
