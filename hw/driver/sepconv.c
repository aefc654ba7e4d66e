#include "sepconv.h"

enum { CHUNK = 256 }; /* bytes of a tensor moved at a time */

#define NOTHING 0xffffffffu /* a byte that belongs to no element of the tensor */
#define PADDING 0xfffffffeu /* a byte that belongs to no element of the picture */

static uint32_t get(const struct sepconv *engine, uint32_t offset) {
    return engine->bus->read32(engine->bus->context, offset);
}

static void set(const struct sepconv *engine, uint32_t offset, uint32_t value) {
    engine->bus->write32(engine->bus->context, offset, value);
}

static uint32_t status(const struct sepconv *engine) { return get(engine, SEPCONV_STATUS); }

static uint32_t field(uint32_t value, uint32_t mask, uint32_t shift) { return (value & mask) >> shift; }

static uint32_t ceil_div(uint32_t a, uint32_t b) { return (a + b - 1) / b; }

/* Nothing is pending, and the next interrupt is let out. */
static void clear_interrupt(const struct sepconv *engine) {
    set(engine, SEPCONV_INTERRUPT, SEPCONV_INTERRUPT_PENDING_MASK | SEPCONV_INTERRUPT_ENABLE_MASK);
}

static enum sepconv_result at_rest(const struct sepconv *engine) {
    const uint32_t not_at_rest = SEPCONV_STATUS_BUSY_MASK | SEPCONV_STATUS_ERROR_MASK | SEPCONV_STATUS_HALTING_MASK;
    return status(engine) & not_at_rest ? SEPCONV_NOT_AT_REST : SEPCONV_OK;
}

/* Until nothing is under way that a reset, or the power, has begun. */
static enum sepconv_result until_quiet(const struct sepconv *engine) {
    while (status(engine) & SEPCONV_STATUS_HALTING_MASK)
        if (!engine->bus->wait(engine->bus->context)) return SEPCONV_GAVE_UP;
    return SEPCONV_OK;
}

enum sepconv_result sepconv_open(struct sepconv *engine, const struct sepconv_bus *bus) {
    engine->bus = bus;
    engine->model = 0;
    if (get(engine, SEPCONV_IDENTITY) != SEPCONV_IDENTITY_RESET) return SEPCONV_NO_ENGINE;
    if (get(engine, SEPCONV_VERSION) != SEPCONV_VERSION_RESET) return SEPCONV_OTHER_VERSION;
    engine->config = get(engine, SEPCONV_CONFIG);
    return until_quiet(engine);
}

static enum sepconv_result check_program(const struct sepconv *engine, const struct sepconv_model *model) {
    if (model->program_bytes < SEPCONV_BLOCK_BYTES || !sepconv_intact(model->program)) return SEPCONV_BROKEN_PROGRAM;
    const struct sepconv_program header = sepconv_read_program(model->program);
    if (header.magic != SEPCONV_MAGIC || header.version != SEPCONV_FORMAT_VERSION) return SEPCONV_BROKEN_PROGRAM;
    if (model->program_bytes != (header.commands + 1) * SEPCONV_BLOCK_BYTES) return SEPCONV_BROKEN_PROGRAM;
    return header.config == engine->config ? SEPCONV_OK : SEPCONV_OTHER_CONFIG;
}

enum sepconv_result sepconv_load(struct sepconv *engine, const struct sepconv_model *model) {
    const struct sepconv_bus *bus = engine->bus;
    const uint32_t settings[][2] = {
        {SEPCONV_BASE, bus->base},
        {SEPCONV_PROGRAM_ADDRESS, model->program_address}, {SEPCONV_BURST_BYTES, model->burst_bytes},
        {SEPCONV_READ_FIRST, model->read_first},           {SEPCONV_READ_LAST, model->read_last},
        {SEPCONV_WRITE_FIRST, model->write_first},         {SEPCONV_WRITE_LAST, model->write_last},
    };
    enum sepconv_result result = check_program(engine, model);
    if (result == SEPCONV_OK) result = at_rest(engine);
    if (result != SEPCONV_OK) return result;
    if (bus->base % SEPCONV_BASE_ALIGNMENT || bus->base > UINT32_MAX - model->read_last) return SEPCONV_OUT_OF_REACH;
    engine->model = 0;
    bus->write_memory(bus->context, 0, model->image, model->image_bytes);
    bus->write_memory(bus->context, model->program_address, model->program, model->program_bytes);
    for (unsigned i = 0; i < sizeof settings / sizeof settings[0]; ++i) {
        set(engine, settings[i][0], settings[i][1]);
        if (get(engine, settings[i][0]) != settings[i][1]) return SEPCONV_REFUSED;
    }
    engine->model = model;
    return SEPCONV_OK;
}

static uint32_t tensor_bytes(const struct sepconv_tensor *tensor) {
    return ceil_div(tensor->channels, tensor->block_channels) * tensor->stride;
}

/* Which element of the picture (height, width, channels) is under window (y, x) as its number `taken`. */
static uint32_t under(const struct sepconv_patches *patches, uint32_t y, uint32_t x, uint32_t taken) {
    const uint32_t tap = taken / patches->channels, channel = taken % patches->channels;
    /* Before the picture's first row or column these wrap to large numbers. */
    const uint32_t row = y * patches->row_stride + tap / patches->kernel_columns - patches->pad_top;
    const uint32_t column = x * patches->column_stride + tap % patches->kernel_columns - patches->pad_left;
    if (row >= patches->height || column >= patches->width) return PADDING;
    return (row * patches->width + column) * patches->channels + channel;
}

/* Which element of (height, width, channels) lies in byte `place` of the tensor; NOTHING or PADDING if none does. */
static uint32_t element(const struct sepconv_tensor *tensor, uint32_t place) {
    const uint32_t block = place / tensor->stride, within = place % tensor->stride;
    const uint32_t pixel = within / tensor->block_channels;
    const uint32_t channel = block * tensor->block_channels + within % tensor->block_channels;
    const uint32_t y = pixel / tensor->width, x = pixel % tensor->width;
    if (y >= tensor->height || channel >= tensor->channels) return NOTHING;
    if (tensor->patches.kernel_columns) return under(&tensor->patches, y, x, channel);
    return pixel * tensor->channels + channel;
}

enum sepconv_result sepconv_write_input(const struct sepconv *engine, const int8_t *values) {
    const struct sepconv_bus *bus = engine->bus;
    if (!engine->model) return SEPCONV_NOT_LOADED;
    const struct sepconv_tensor *tensor = &engine->model->input;
    const uint32_t size = tensor_bytes(tensor);
    uint8_t chunk[CHUNK];
    for (uint32_t place = 0; place < size;) {
        uint32_t count = 0;
        for (; count < CHUNK && place + count < size; ++count) {
            const uint32_t index = element(tensor, place + count);
            chunk[count] = (uint8_t)(index == NOTHING ? 0 : index == PADDING ? tensor->patches.zero_point : values[index]);
        }
        bus->write_memory(bus->context, tensor->address + place, chunk, count);
        place += count;
    }
    return SEPCONV_OK;
}

enum sepconv_result sepconv_read_output(const struct sepconv *engine, int8_t *values) {
    const struct sepconv_bus *bus = engine->bus;
    if (!engine->model) return SEPCONV_NOT_LOADED;
    const struct sepconv_tensor *tensor = &engine->model->output;
    const uint32_t size = tensor_bytes(tensor);
    uint8_t chunk[CHUNK];
    for (uint32_t place = 0; place < size;) {
        const uint32_t count = size - place < CHUNK ? size - place : CHUNK;
        bus->read_memory(bus->context, tensor->address + place, chunk, count);
        for (uint32_t i = 0; i < count; ++i) {
            const uint32_t index = element(tensor, place + i);
            if (index < PADDING) values[index] = (int8_t)(chunk[i] < 128 ? chunk[i] : chunk[i] - 256);
        }
        place += count;
    }
    return SEPCONV_OK;
}

enum sepconv_result sepconv_start(const struct sepconv *engine) {
    if (!engine->model) return SEPCONV_NOT_LOADED;
    if (at_rest(engine) != SEPCONV_OK) return SEPCONV_NOT_AT_REST;
    clear_interrupt(engine);
    set(engine, SEPCONV_CONTROL, SEPCONV_CONTROL_START_MASK);
    return SEPCONV_OK;
}

/* The block of the fault's command: of `fetch` its index says it, of a unit it is looked for. */
static uint32_t find_block(const struct sepconv_model *model, const struct sepconv_fault *fault) {
    const uint32_t blocks = model->program_bytes / SEPCONV_BLOCK_BYTES;
    uint32_t index = 0;
    if (fault->unit == SEPCONV_UNIT_FETCH) return fault->index < blocks ? fault->index : SEPCONV_NO_COMMAND;
    for (uint32_t block = 1; block < blocks; ++block) {
        const uint8_t *data = model->program + block * SEPCONV_BLOCK_BYTES;
        if (sepconv_read_header(data).unit == fault->unit && index++ == fault->index) return block;
    }
    return SEPCONV_NO_COMMAND;
}

static void read_fault(struct sepconv *engine) {
    struct sepconv_fault *fault = &engine->fault;
    const uint32_t error = get(engine, SEPCONV_ERROR);
    fault->code = field(error, SEPCONV_ERROR_CODE_MASK, SEPCONV_ERROR_CODE_SHIFT);
    fault->unit = field(error, SEPCONV_ERROR_UNIT_MASK, SEPCONV_ERROR_UNIT_SHIFT);
    fault->index = get(engine, SEPCONV_ERROR_COMMAND);
    fault->address = get(engine, SEPCONV_ERROR_ADDRESS);
    fault->block = fault->layer = SEPCONV_NO_COMMAND;
    if (!engine->model || fault->unit == SEPCONV_UNIT_HOST) return;
    fault->block = find_block(engine->model, fault);
    if (fault->block != SEPCONV_NO_COMMAND && fault->block != 0)
        fault->layer = sepconv_read_header(engine->model->program + fault->block * SEPCONV_BLOCK_BYTES).layer;
}

enum sepconv_result sepconv_wait(struct sepconv *engine) {
    uint32_t now;
    while ((now = status(engine)) & SEPCONV_STATUS_BUSY_MASK)
        if (!engine->bus->wait(engine->bus->context)) return SEPCONV_GAVE_UP;
    clear_interrupt(engine);
    if (now & SEPCONV_STATUS_ERROR_MASK) {
        read_fault(engine);
        return SEPCONV_FAULT;
    }
    return now & SEPCONV_STATUS_DONE_MASK ? SEPCONV_OK : SEPCONV_NOT_STARTED;
}

enum sepconv_result sepconv_run(struct sepconv *engine, const int8_t *input, int8_t *output) {
    enum sepconv_result result = sepconv_write_input(engine, input);
    if (result == SEPCONV_OK) result = sepconv_start(engine);
    if (result == SEPCONV_OK) result = sepconv_wait(engine);
    if (result == SEPCONV_OK) result = sepconv_read_output(engine, output);
    return result;
}

void sepconv_stop(const struct sepconv *engine) { set(engine, SEPCONV_CONTROL, SEPCONV_CONTROL_STOP_MASK); }

enum sepconv_result sepconv_reset(const struct sepconv *engine) {
    set(engine, SEPCONV_CONTROL, SEPCONV_CONTROL_SOFT_RESET_MASK);
    return until_quiet(engine);
}

struct sepconv_counters sepconv_count(const struct sepconv *engine) {
    const uint32_t ended[] = {SEPCONV_ENDED_LOAD, SEPCONV_ENDED_WEIGHTS, SEPCONV_ENDED_DEPTHWISE,
                              SEPCONV_ENDED_POINTWISE, SEPCONV_ENDED_STORE};
    struct sepconv_counters counters;
    counters.cycles = get(engine, SEPCONV_CYCLES_LOW); /* first: it keeps the upper half for the next read */
    counters.cycles |= (uint64_t)get(engine, SEPCONV_CYCLES_HIGH) << 32;
    counters.read_beats = get(engine, SEPCONV_READ_BEATS);
    counters.write_beats = get(engine, SEPCONV_WRITE_BEATS);
    for (unsigned i = 0; i < sizeof ended / sizeof ended[0]; ++i) counters.ended[i] = get(engine, ended[i]);
    return counters;
}

struct sepconv_account sepconv_account(const struct sepconv *engine) {
#define ENTRY(unit, key) {unit, key},
    static const uint8_t counters[][2] = {SEPCONV_COUNTERS(ENTRY)};
#undef ENTRY
    const uint32_t cycles = get(engine, SEPCONV_CYCLES_LOW);
    struct sepconv_account account;
    for (uint32_t unit = 0; unit < SEPCONV_ACCOUNTED; ++unit)
        for (uint32_t key = 0; key < SEPCONV_KEYS; ++key)
            account.cycles[unit][key] = key == SEPCONV_KEY_IDLE ? cycles : 0;
    for (uint32_t i = 0; i < sizeof counters / sizeof counters[0]; ++i) {
        uint32_t *keys = account.cycles[counters[i][0]];
        const uint32_t counted = get(engine, SEPCONV_ACCOUNT + 4 * (i + 1)); /* the counters follow it */
        keys[counters[i][1]] = counted;
        keys[SEPCONV_KEY_IDLE] -= counted;
    }
    return account;
}

enum sepconv_result sepconv_count_layer(const struct sepconv *engine, uint32_t layer) {
    const enum sepconv_result result = at_rest(engine);
    if (result != SEPCONV_OK) return result;
    const uint32_t value = layer == SEPCONV_ALL_LAYERS ? 0 : layer | SEPCONV_ACCOUNT_ONE_MASK;
    set(engine, SEPCONV_ACCOUNT, value);
    return get(engine, SEPCONV_ACCOUNT) == value ? SEPCONV_OK : SEPCONV_REFUSED;
}

const char *sepconv_fault_text(uint32_t code) {
#define ENTRY(value, name, text) \
    case value: return text;
    switch (code) { SEPCONV_FAULTS(ENTRY) }
#undef ENTRY
    return "unknown";
}

const char *sepconv_unit_name(uint32_t unit) {
#define ENTRY(value, name) \
    case value: return name;
    switch (unit) { SEPCONV_UNITS(ENTRY) }
#undef ENTRY
    return "unknown";
}
