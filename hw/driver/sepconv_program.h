/* Programs of sepconv: fields of their blocks, functions that read and write them.
 *
 * Made by `python -m hw.program_text`; do not edit. docs/program.md explains the format.
 *
 * To read a block: sepconv_intact, then sepconv_read_program for the first one, or sepconv_read_header and, by its
 * unit, sepconv_read_UNIT. To make one: clear it, sepconv_write_header and sepconv_write_UNIT (0 if a field can't hold
 * its value), then sepconv_seal.
 */
#ifndef SEPCONV_PROGRAM_H
#define SEPCONV_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#define SEPCONV_BLOCK_BYTES 96
#define SEPCONV_CHECKSUM_BYTES 4
#define SEPCONV_MAGIC 0x43504553
#define SEPCONV_FORMAT_VERSION 3

enum sepconv_unit {
    SEPCONV_LOAD = 0,
    SEPCONV_WEIGHTS = 1,
    SEPCONV_DEPTHWISE = 2,
    SEPCONV_POINTWISE = 3,
    SEPCONV_STORE = 4
};

/* CRC-32 (ISO-HDLC) of `size` bytes. */
static inline uint32_t sepconv_checksum(const uint8_t *data, size_t size) {
    uint32_t sum = 0xffffffff;
    for (size_t i = 0; i < size; ++i) {
        sum ^= data[i];
        for (int bit = 0; bit < 8; ++bit) sum = sum >> 1 ^ (sum & 1 ? 0xedb88320 : 0);
    }
    return ~sum;
}

/* `bits` bits of a block from bit `first` on. */
static inline uint32_t sepconv_get(const uint8_t *block, unsigned first, unsigned bits) {
    uint32_t value = 0;
    for (unsigned i = 0; i < bits; ++i) {
        const unsigned bit = first + i;
        value |= (uint32_t)(block[bit / 8] >> bit % 8 & 1) << i;
    }
    return value;
}

/* The same in two's complement. */
static inline int32_t sepconv_get_signed(const uint8_t *block, unsigned first, unsigned bits) {
    const uint32_t value = sepconv_get(block, first, bits);
    return (int32_t)((int64_t)value - ((int64_t)(value >> (bits - 1)) << bits));
}

/* Writes the lowest `bits` bits of `value`; 0 if they do not hold all of it. */
static inline int sepconv_put(uint8_t *block, unsigned first, unsigned bits, uint32_t value) {
    for (unsigned i = 0; i < bits; ++i) {
        const unsigned bit = first + i;
        block[bit / 8] = (uint8_t)((block[bit / 8] & ~(1u << bit % 8)) | (value >> i & 1) << bit % 8);
    }
    return (uint64_t)value >> bits == 0;
}

/* The same in two's complement. */
static inline int sepconv_put_signed(uint8_t *block, unsigned first, unsigned bits, int32_t value) {
    sepconv_put(block, first, bits, (uint32_t)value);
    return sepconv_get_signed(block, first, bits) == value;
}

/* Whether a block's checksum is right. */
static inline int sepconv_intact(const uint8_t *block) {
    const unsigned size = SEPCONV_BLOCK_BYTES - SEPCONV_CHECKSUM_BYTES;
    return sepconv_get(block, 8 * size, 8 * SEPCONV_CHECKSUM_BYTES) == sepconv_checksum(block, size);
}

/* Gives a block its checksum. */
static inline void sepconv_seal(uint8_t *block) {
    const unsigned size = SEPCONV_BLOCK_BYTES - SEPCONV_CHECKSUM_BYTES;
    sepconv_put(block, 8 * size, 8 * SEPCONV_CHECKSUM_BYTES, sepconv_checksum(block, size));
}

struct sepconv_program {
    uint32_t magic; /* the letters SEPC */
    uint32_t version; /* format version */
    uint32_t config; /* hash of the configuration the program was compiled for */
    uint32_t commands; /* number of commands that follow */
    uint32_t tag; /* the same in all blocks of a program */
};

static inline struct sepconv_program sepconv_read_program(const uint8_t *block) {
    struct sepconv_program fields;
    fields.magic = sepconv_get(block, 0, 32);
    fields.version = sepconv_get(block, 32, 32);
    fields.config = sepconv_get(block, 64, 32);
    fields.commands = sepconv_get(block, 96, 16);
    fields.tag = sepconv_get(block, 112, 16);
    return fields;
}

static inline int sepconv_write_program(uint8_t *block, const struct sepconv_program *fields) {
    int fits = 1;
    fits &= sepconv_put(block, 0, 32, fields->magic);
    fits &= sepconv_put(block, 32, 32, fields->version);
    fits &= sepconv_put(block, 64, 32, fields->config);
    fits &= sepconv_put(block, 96, 16, fields->commands);
    fits &= sepconv_put(block, 112, 16, fields->tag);
    return fits;
}

struct sepconv_header {
    uint32_t unit; /* unit that runs the command: its index in `UNITS` */
    uint32_t layer; /* layer the command belongs to */
    uint32_t wait_load; /* commands of `load` that must have ended */
    uint32_t wait_weights; /* commands of `weights` that must have ended */
    uint32_t wait_depthwise; /* commands of `depthwise` that must have ended */
    uint32_t wait_pointwise; /* commands of `pointwise` that must have ended */
    uint32_t wait_store; /* commands of `store` that must have ended */
    uint32_t space; /* bit per unit: what is waited for there is space, not data */
    uint32_t tag; /* the same in all blocks of a program */
};

static inline struct sepconv_header sepconv_read_header(const uint8_t *block) {
    struct sepconv_header fields;
    fields.unit = sepconv_get(block, 0, 3);
    fields.layer = sepconv_get(block, 3, 10);
    fields.wait_load = sepconv_get(block, 13, 16);
    fields.wait_weights = sepconv_get(block, 29, 16);
    fields.wait_depthwise = sepconv_get(block, 45, 16);
    fields.wait_pointwise = sepconv_get(block, 61, 16);
    fields.wait_store = sepconv_get(block, 77, 16);
    fields.space = sepconv_get(block, 93, 5);
    fields.tag = sepconv_get(block, 98, 16);
    return fields;
}

static inline int sepconv_write_header(uint8_t *block, const struct sepconv_header *fields) {
    int fits = 1;
    fits &= sepconv_put(block, 0, 3, fields->unit);
    fits &= sepconv_put(block, 3, 10, fields->layer);
    fits &= sepconv_put(block, 13, 16, fields->wait_load);
    fits &= sepconv_put(block, 29, 16, fields->wait_weights);
    fits &= sepconv_put(block, 45, 16, fields->wait_depthwise);
    fits &= sepconv_put(block, 61, 16, fields->wait_pointwise);
    fits &= sepconv_put(block, 77, 16, fields->wait_store);
    fits &= sepconv_put(block, 93, 5, fields->space);
    fits &= sepconv_put(block, 98, 16, fields->tag);
    return fits;
}

struct sepconv_load {
    uint32_t dram_address; /* byte address of the first beat; a multiple of the bus width */
    uint32_t dram_stride; /* bytes from one channel block to the next */
    uint32_t blocks; /* channel blocks */
    uint32_t beats; /* bus beats of a block */
    uint32_t row; /* activation memory row of the first beat */
    uint32_t chunk; /* beat within that row */
    uint32_t row_stride; /* rows from one channel block to the next */
    uint32_t lead; /* pixels of the first beat that are not part of the transfer */
    uint32_t tail; /* pixels of the last beat that are part of it */
    uint32_t split; /* 1: pixels go by turns to two phases, those of even and of odd columns; if a beat holds two pixels, only one of the phases is loaded */
    uint32_t phase_row_stride; /* rows from the phase of even columns to that of odd ones, if both are loaded */
    uint32_t odd; /* phase that is loaded if only one is: 1 that of odd columns */
    uint32_t half; /* pixel of the first place, `chunk`, that phase begins with */
};

static inline struct sepconv_load sepconv_read_load(const uint8_t *block) {
    struct sepconv_load fields;
    fields.dram_address = sepconv_get(block, 128, 32);
    fields.dram_stride = sepconv_get(block, 160, 32);
    fields.blocks = sepconv_get(block, 192, 10);
    fields.beats = sepconv_get(block, 202, 20);
    fields.row = sepconv_get(block, 222, 16);
    fields.chunk = sepconv_get(block, 238, 6);
    fields.row_stride = sepconv_get(block, 244, 16);
    fields.lead = sepconv_get(block, 260, 4);
    fields.tail = sepconv_get(block, 264, 4);
    fields.split = sepconv_get(block, 268, 1);
    fields.phase_row_stride = sepconv_get(block, 269, 16);
    fields.odd = sepconv_get(block, 285, 1);
    fields.half = sepconv_get(block, 286, 1);
    return fields;
}

static inline int sepconv_write_load(uint8_t *block, const struct sepconv_load *fields) {
    int fits = 1;
    fits &= sepconv_put(block, 128, 32, fields->dram_address);
    fits &= sepconv_put(block, 160, 32, fields->dram_stride);
    fits &= sepconv_put(block, 192, 10, fields->blocks);
    fits &= sepconv_put(block, 202, 20, fields->beats);
    fits &= sepconv_put(block, 222, 16, fields->row);
    fits &= sepconv_put(block, 238, 6, fields->chunk);
    fits &= sepconv_put(block, 244, 16, fields->row_stride);
    fits &= sepconv_put(block, 260, 4, fields->lead);
    fits &= sepconv_put(block, 264, 4, fields->tail);
    fits &= sepconv_put(block, 268, 1, fields->split);
    fits &= sepconv_put(block, 269, 16, fields->phase_row_stride);
    fits &= sepconv_put(block, 285, 1, fields->odd);
    fits &= sepconv_put(block, 286, 1, fields->half);
    return fits;
}

struct sepconv_weights {
    uint32_t dram_address; /* byte address of the first beat; a multiple of the bus width */
    uint32_t beats; /* bus beats */
    uint32_t depthwise; /* destination: 1 the depthwise weight memory, 0 the pointwise one */
    uint32_t word; /* first word there */
};

static inline struct sepconv_weights sepconv_read_weights(const uint8_t *block) {
    struct sepconv_weights fields;
    fields.dram_address = sepconv_get(block, 128, 32);
    fields.beats = sepconv_get(block, 160, 20);
    fields.depthwise = sepconv_get(block, 180, 1);
    fields.word = sepconv_get(block, 181, 16);
    return fields;
}

static inline int sepconv_write_weights(uint8_t *block, const struct sepconv_weights *fields) {
    int fits = 1;
    fits &= sepconv_put(block, 128, 32, fields->dram_address);
    fits &= sepconv_put(block, 160, 20, fields->beats);
    fits &= sepconv_put(block, 180, 1, fields->depthwise);
    fits &= sepconv_put(block, 181, 16, fields->word);
    return fits;
}

struct sepconv_depthwise {
    uint32_t word; /* first word of taps and parameters */
    uint32_t blocks; /* channel blocks */
    uint32_t in_pixel; /* pixel address of the input's ring, first block */
    uint32_t in_row_stride; /* activation memory rows from one input block to the next */
    uint32_t ring_pixels; /* pixels in the input's ring of rows */
    uint32_t first_pixel; /* ring position of the first window's top row */
    int32_t first_y; /* that row's place in the image; negative in the padding */
    uint32_t height; /* rows of the whole input */
    uint32_t width; /* pixels in an input row */
    uint32_t row_step; /* ring pixels from one window row to the next: stride × width */
    uint32_t stride; /* 1 to 3 */
    uint32_t accumulate; /* 1: the windows of a channel are added up to one output pixel */
    uint32_t pad_left; /* padding columns before a row */
    uint32_t column_blocks; /* reads of pe_pixels columns a row takes */
    uint32_t out_rows; /* output rows */
    uint32_t out_width; /* pixels in an output row */
    uint32_t out_pixel; /* pixel address of the output, first block */
    uint32_t out_row_stride; /* activation memory rows from one output block to the next */
    int32_t input_zero_point; /* zero point of the input */
    int32_t weight_zero_point; /* zero point of the weights */
    int32_t output_zero_point; /* zero point of the output */
    int32_t minimum; /* lower clamp of the output */
    int32_t maximum; /* upper clamp of the output */
    uint32_t single_rounding; /* 1: one rounding shift; 0: TFLite's doubling high multiply, then a rounding shift */
};

static inline struct sepconv_depthwise sepconv_read_depthwise(const uint8_t *block) {
    struct sepconv_depthwise fields;
    fields.word = sepconv_get(block, 128, 16);
    fields.blocks = sepconv_get(block, 144, 10);
    fields.in_pixel = sepconv_get(block, 154, 20);
    fields.in_row_stride = sepconv_get(block, 174, 16);
    fields.ring_pixels = sepconv_get(block, 190, 20);
    fields.first_pixel = sepconv_get(block, 210, 20);
    fields.first_y = sepconv_get_signed(block, 230, 13);
    fields.height = sepconv_get(block, 243, 12);
    fields.width = sepconv_get(block, 255, 12);
    fields.row_step = sepconv_get(block, 267, 14);
    fields.stride = sepconv_get(block, 281, 2);
    fields.accumulate = sepconv_get(block, 283, 1);
    fields.pad_left = sepconv_get(block, 284, 3);
    fields.column_blocks = sepconv_get(block, 287, 12);
    fields.out_rows = sepconv_get(block, 299, 12);
    fields.out_width = sepconv_get(block, 311, 12);
    fields.out_pixel = sepconv_get(block, 323, 20);
    fields.out_row_stride = sepconv_get(block, 343, 16);
    fields.input_zero_point = sepconv_get_signed(block, 359, 8);
    fields.weight_zero_point = sepconv_get_signed(block, 367, 8);
    fields.output_zero_point = sepconv_get_signed(block, 375, 8);
    fields.minimum = sepconv_get_signed(block, 383, 8);
    fields.maximum = sepconv_get_signed(block, 391, 8);
    fields.single_rounding = sepconv_get(block, 399, 1);
    return fields;
}

static inline int sepconv_write_depthwise(uint8_t *block, const struct sepconv_depthwise *fields) {
    int fits = 1;
    fits &= sepconv_put(block, 128, 16, fields->word);
    fits &= sepconv_put(block, 144, 10, fields->blocks);
    fits &= sepconv_put(block, 154, 20, fields->in_pixel);
    fits &= sepconv_put(block, 174, 16, fields->in_row_stride);
    fits &= sepconv_put(block, 190, 20, fields->ring_pixels);
    fits &= sepconv_put(block, 210, 20, fields->first_pixel);
    fits &= sepconv_put_signed(block, 230, 13, fields->first_y);
    fits &= sepconv_put(block, 243, 12, fields->height);
    fits &= sepconv_put(block, 255, 12, fields->width);
    fits &= sepconv_put(block, 267, 14, fields->row_step);
    fits &= sepconv_put(block, 281, 2, fields->stride);
    fits &= sepconv_put(block, 283, 1, fields->accumulate);
    fits &= sepconv_put(block, 284, 3, fields->pad_left);
    fits &= sepconv_put(block, 287, 12, fields->column_blocks);
    fits &= sepconv_put(block, 299, 12, fields->out_rows);
    fits &= sepconv_put(block, 311, 12, fields->out_width);
    fits &= sepconv_put(block, 323, 20, fields->out_pixel);
    fits &= sepconv_put(block, 343, 16, fields->out_row_stride);
    fits &= sepconv_put_signed(block, 359, 8, fields->input_zero_point);
    fits &= sepconv_put_signed(block, 367, 8, fields->weight_zero_point);
    fits &= sepconv_put_signed(block, 375, 8, fields->output_zero_point);
    fits &= sepconv_put_signed(block, 383, 8, fields->minimum);
    fits &= sepconv_put_signed(block, 391, 8, fields->maximum);
    fits &= sepconv_put(block, 399, 1, fields->single_rounding);
    return fits;
}

struct sepconv_pointwise {
    uint32_t word; /* first word of tiles and parameters */
    uint32_t passes; /* kernel_rows × kernel_cols × in_blocks: weight tiles of an output block */
    uint32_t in_pixel; /* pixel address the first tap of lane 0 of the first vector reads, first input block */
    uint32_t in_row_stride; /* rows from one input block to the next */
    uint32_t in_blocks; /* blocks of pe_rows input channels, of one phase */
    uint32_t kernel_rows; /* taps down */
    uint32_t kernel_cols; /* taps across */
    uint32_t split; /* 1: the input is stored as 2 × 2 phases, for stride 2 */
    uint32_t phase_y; /* phase of the first tap */
    uint32_t phase_x; /* phase of the first tap */
    uint32_t phase_row_stride; /* rows from one phase to the next */
    int32_t shift_y; /* rows from output pixel to the first tap, in its phase */
    int32_t shift_x; /* columns from output pixel to the first tap, in its phase */
    uint32_t windowed; /* 1: taps outside of the input read nothing */
    uint32_t height; /* rows of a phase of even rows */
    uint32_t columns; /* columns of a phase of even columns */
    uint32_t odd_height; /* 1: phases of odd rows have a row less */
    uint32_t odd_width; /* 1: phases of odd columns have a column less */
    uint32_t width; /* columns of the output, and pixels from one row of a phase to the next */
    int32_t first_y; /* row of lane 0 of the first vector; negative if it comes before the output */
    uint32_t first_x; /* column of lane 0 of the first vector */
    uint32_t end_y; /* row after the last */
    uint32_t tiles; /* pixel tiles */
    uint32_t tile_vectors; /* vectors of pe_pixels pixels in each tile but the last */
    uint32_t last_vectors; /* vectors in the last tile */
    uint32_t first_lane; /* first pixel of the first vector that is written */
    uint32_t last_lanes; /* pixels of the last vector that are written */
    uint32_t out_row; /* activation memory row of the first output vector */
    uint32_t out_octet; /* slice of a word the first output channel lies in: 8 channels, or 4 if pe_cols is no multiple of 8 */
    uint32_t out_row_stride; /* rows from one output block to the next */
    uint32_t out_blocks; /* blocks of pe_cols output channels */
    uint32_t octets; /* slices of channels that are written */
    int32_t input_zero_point; /* zero point of the input */
    int32_t weight_zero_point; /* zero point of the weights */
    int32_t output_zero_point; /* zero point of the output */
    int32_t minimum; /* lower clamp of the output */
    int32_t maximum; /* upper clamp of the output */
    uint32_t single_rounding; /* 1: one rounding shift; 0: TFLite's doubling high multiply, then a rounding shift */
    uint32_t residual_passes; /* passes of identity tiles that bring in the residual of a block; 0: none is added */
    uint32_t residual_pixel; /* pixel address of the residual of lane 0 of the first vector, first output block */
    uint32_t residual_row_stride; /* rows from one block of the residual to the next */
    uint32_t residual_blocks; /* blocks of the residual from there on; those beyond read nothing */
    int32_t residual_zero_point; /* zero point of the residual */
    uint32_t residual_multiplier; /* multiplier of the residual */
    uint32_t residual_shift; /* right shift of the residual */
    uint32_t operand_multiplier; /* multiplier of the layer's output */
    uint32_t operand_shift; /* right shift of the layer's output */
    uint32_t sum_multiplier; /* multiplier of the sum */
    uint32_t sum_shift; /* right shift of the sum */
    int32_t sum_zero_point; /* zero point of the sum */
    int32_t sum_minimum; /* lower clamp of the sum */
    int32_t sum_maximum; /* upper clamp of the sum */
};

static inline struct sepconv_pointwise sepconv_read_pointwise(const uint8_t *block) {
    struct sepconv_pointwise fields;
    fields.word = sepconv_get(block, 128, 16);
    fields.passes = sepconv_get(block, 144, 14);
    fields.in_pixel = sepconv_get(block, 158, 20);
    fields.in_row_stride = sepconv_get(block, 178, 16);
    fields.in_blocks = sepconv_get(block, 194, 10);
    fields.kernel_rows = sepconv_get(block, 204, 4);
    fields.kernel_cols = sepconv_get(block, 208, 4);
    fields.split = sepconv_get(block, 212, 1);
    fields.phase_y = sepconv_get(block, 213, 1);
    fields.phase_x = sepconv_get(block, 214, 1);
    fields.phase_row_stride = sepconv_get(block, 215, 16);
    fields.shift_y = sepconv_get_signed(block, 231, 4);
    fields.shift_x = sepconv_get_signed(block, 235, 4);
    fields.windowed = sepconv_get(block, 239, 1);
    fields.height = sepconv_get(block, 240, 12);
    fields.columns = sepconv_get(block, 252, 12);
    fields.odd_height = sepconv_get(block, 264, 1);
    fields.odd_width = sepconv_get(block, 265, 1);
    fields.width = sepconv_get(block, 266, 12);
    fields.first_y = sepconv_get_signed(block, 278, 13);
    fields.first_x = sepconv_get(block, 291, 12);
    fields.end_y = sepconv_get(block, 303, 12);
    fields.tiles = sepconv_get(block, 315, 10);
    fields.tile_vectors = sepconv_get(block, 325, 10);
    fields.last_vectors = sepconv_get(block, 335, 10);
    fields.first_lane = sepconv_get(block, 345, 4);
    fields.last_lanes = sepconv_get(block, 349, 4);
    fields.out_row = sepconv_get(block, 353, 16);
    fields.out_octet = sepconv_get(block, 369, 4);
    fields.out_row_stride = sepconv_get(block, 373, 16);
    fields.out_blocks = sepconv_get(block, 389, 10);
    fields.octets = sepconv_get(block, 399, 12);
    fields.input_zero_point = sepconv_get_signed(block, 411, 8);
    fields.weight_zero_point = sepconv_get_signed(block, 419, 8);
    fields.output_zero_point = sepconv_get_signed(block, 427, 8);
    fields.minimum = sepconv_get_signed(block, 435, 8);
    fields.maximum = sepconv_get_signed(block, 443, 8);
    fields.single_rounding = sepconv_get(block, 451, 1);
    fields.residual_passes = sepconv_get(block, 452, 3);
    fields.residual_pixel = sepconv_get(block, 455, 20);
    fields.residual_row_stride = sepconv_get(block, 475, 16);
    fields.residual_blocks = sepconv_get(block, 491, 10);
    fields.residual_zero_point = sepconv_get_signed(block, 501, 8);
    fields.residual_multiplier = sepconv_get(block, 509, 31);
    fields.residual_shift = sepconv_get(block, 540, 5);
    fields.operand_multiplier = sepconv_get(block, 545, 31);
    fields.operand_shift = sepconv_get(block, 576, 5);
    fields.sum_multiplier = sepconv_get(block, 581, 31);
    fields.sum_shift = sepconv_get(block, 612, 5);
    fields.sum_zero_point = sepconv_get_signed(block, 617, 8);
    fields.sum_minimum = sepconv_get_signed(block, 625, 8);
    fields.sum_maximum = sepconv_get_signed(block, 633, 8);
    return fields;
}

static inline int sepconv_write_pointwise(uint8_t *block, const struct sepconv_pointwise *fields) {
    int fits = 1;
    fits &= sepconv_put(block, 128, 16, fields->word);
    fits &= sepconv_put(block, 144, 14, fields->passes);
    fits &= sepconv_put(block, 158, 20, fields->in_pixel);
    fits &= sepconv_put(block, 178, 16, fields->in_row_stride);
    fits &= sepconv_put(block, 194, 10, fields->in_blocks);
    fits &= sepconv_put(block, 204, 4, fields->kernel_rows);
    fits &= sepconv_put(block, 208, 4, fields->kernel_cols);
    fits &= sepconv_put(block, 212, 1, fields->split);
    fits &= sepconv_put(block, 213, 1, fields->phase_y);
    fits &= sepconv_put(block, 214, 1, fields->phase_x);
    fits &= sepconv_put(block, 215, 16, fields->phase_row_stride);
    fits &= sepconv_put_signed(block, 231, 4, fields->shift_y);
    fits &= sepconv_put_signed(block, 235, 4, fields->shift_x);
    fits &= sepconv_put(block, 239, 1, fields->windowed);
    fits &= sepconv_put(block, 240, 12, fields->height);
    fits &= sepconv_put(block, 252, 12, fields->columns);
    fits &= sepconv_put(block, 264, 1, fields->odd_height);
    fits &= sepconv_put(block, 265, 1, fields->odd_width);
    fits &= sepconv_put(block, 266, 12, fields->width);
    fits &= sepconv_put_signed(block, 278, 13, fields->first_y);
    fits &= sepconv_put(block, 291, 12, fields->first_x);
    fits &= sepconv_put(block, 303, 12, fields->end_y);
    fits &= sepconv_put(block, 315, 10, fields->tiles);
    fits &= sepconv_put(block, 325, 10, fields->tile_vectors);
    fits &= sepconv_put(block, 335, 10, fields->last_vectors);
    fits &= sepconv_put(block, 345, 4, fields->first_lane);
    fits &= sepconv_put(block, 349, 4, fields->last_lanes);
    fits &= sepconv_put(block, 353, 16, fields->out_row);
    fits &= sepconv_put(block, 369, 4, fields->out_octet);
    fits &= sepconv_put(block, 373, 16, fields->out_row_stride);
    fits &= sepconv_put(block, 389, 10, fields->out_blocks);
    fits &= sepconv_put(block, 399, 12, fields->octets);
    fits &= sepconv_put_signed(block, 411, 8, fields->input_zero_point);
    fits &= sepconv_put_signed(block, 419, 8, fields->weight_zero_point);
    fits &= sepconv_put_signed(block, 427, 8, fields->output_zero_point);
    fits &= sepconv_put_signed(block, 435, 8, fields->minimum);
    fits &= sepconv_put_signed(block, 443, 8, fields->maximum);
    fits &= sepconv_put(block, 451, 1, fields->single_rounding);
    fits &= sepconv_put(block, 452, 3, fields->residual_passes);
    fits &= sepconv_put(block, 455, 20, fields->residual_pixel);
    fits &= sepconv_put(block, 475, 16, fields->residual_row_stride);
    fits &= sepconv_put(block, 491, 10, fields->residual_blocks);
    fits &= sepconv_put_signed(block, 501, 8, fields->residual_zero_point);
    fits &= sepconv_put(block, 509, 31, fields->residual_multiplier);
    fits &= sepconv_put(block, 540, 5, fields->residual_shift);
    fits &= sepconv_put(block, 545, 31, fields->operand_multiplier);
    fits &= sepconv_put(block, 576, 5, fields->operand_shift);
    fits &= sepconv_put(block, 581, 31, fields->sum_multiplier);
    fits &= sepconv_put(block, 612, 5, fields->sum_shift);
    fits &= sepconv_put_signed(block, 617, 8, fields->sum_zero_point);
    fits &= sepconv_put_signed(block, 625, 8, fields->sum_minimum);
    fits &= sepconv_put_signed(block, 633, 8, fields->sum_maximum);
    return fits;
}

struct sepconv_store {
    uint32_t dram_address; /* byte address of the first beat; a multiple of the bus width */
    uint32_t dram_stride; /* bytes from one channel block to the next */
    uint32_t blocks; /* channel blocks */
    uint32_t beats; /* bus beats of a block */
    uint32_t row; /* activation memory row of the first beat */
    uint32_t chunk; /* beat within that row */
    uint32_t row_stride; /* rows from one channel block to the next */
    uint32_t lead; /* pixels of the first beat that are not part of the transfer */
    uint32_t tail; /* pixels of the last beat that are part of it */
};

static inline struct sepconv_store sepconv_read_store(const uint8_t *block) {
    struct sepconv_store fields;
    fields.dram_address = sepconv_get(block, 128, 32);
    fields.dram_stride = sepconv_get(block, 160, 32);
    fields.blocks = sepconv_get(block, 192, 10);
    fields.beats = sepconv_get(block, 202, 20);
    fields.row = sepconv_get(block, 222, 16);
    fields.chunk = sepconv_get(block, 238, 6);
    fields.row_stride = sepconv_get(block, 244, 16);
    fields.lead = sepconv_get(block, 260, 4);
    fields.tail = sepconv_get(block, 264, 4);
    return fields;
}

static inline int sepconv_write_store(uint8_t *block, const struct sepconv_store *fields) {
    int fits = 1;
    fits &= sepconv_put(block, 128, 32, fields->dram_address);
    fits &= sepconv_put(block, 160, 32, fields->dram_stride);
    fits &= sepconv_put(block, 192, 10, fields->blocks);
    fits &= sepconv_put(block, 202, 20, fields->beats);
    fits &= sepconv_put(block, 222, 16, fields->row);
    fits &= sepconv_put(block, 238, 6, fields->chunk);
    fits &= sepconv_put(block, 244, 16, fields->row_stride);
    fits &= sepconv_put(block, 260, 4, fields->lead);
    fits &= sepconv_put(block, 264, 4, fields->tail);
    return fits;
}

#endif
