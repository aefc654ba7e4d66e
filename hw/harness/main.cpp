// Runs one program in the generated engine, with the DRAM of `hw/memory_timing.py` beside it.
//
// usage: simulate MEMORY.bin PROGRAM_ADDRESS LIMIT KEY=VALUE... > events
// MEMORY.bin is read before and written back after the run. Events, one a line, with the clock cycle since start:
//   started UNIT CYCLE | ended UNIT CYCLE | burst WRITE ADDRESS BEATS CYCLE | interrupt ERROR CYCLE

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "Vsepconv.h"
#include "verilated.h"

namespace {

struct Timing {
    uint64_t read_latency, write_latency, beat_units, cycle_units, max_outstanding, pause_period, pause_length,
        pause_phase;
};

struct Burst {
    bool write;
    uint64_t address, beats, earliest;
};

class Memory {
  public:
    Memory(std::vector<uint8_t>& bytes, const Timing& timing, size_t bus_bytes)
        : bytes_(bytes), timing_(timing), bus_bytes_(bus_bytes) {}

    bool broken = false;  // an address outside of the memory

    // Sets the engine's inputs of this cycle; its outputs are those of the same cycle.
    void drive(Vsepconv& top, uint64_t cycle) {
        top.bus_request_ready = open_ < timing_.max_outstanding;
        top.bus_written = !responses_.empty() && responses_.front() == cycle;
        if (top.bus_written) responses_.pop_front();
        top.bus_read_valid = top.bus_read_last = top.bus_write_ready = 0;
        const bool closes = top.bus_written;
        const bool paused = timing_.pause_period &&
                            (cycle + timing_.pause_period - timing_.pause_phase) % timing_.pause_period <
                                timing_.pause_length;
        bool read_closes = false;
        if (!paused) {
            if (!bursts_.empty() && bursts_.front().earliest <= cycle && active_ * timing_.cycle_units >= due_)
                read_closes = beat(top, cycle);
            ++active_;
        }
        open_ -= closes + read_closes;
        if (top.bus_request_valid && top.bus_request_ready) accept(top, cycle);
    }

  private:
    bool beat(Vsepconv& top, uint64_t cycle) {
        Burst& burst = bursts_.front();
        if (burst.write && !top.bus_write_valid) return false;
        const uint64_t now = active_ * timing_.cycle_units;
        due_ = std::max(due_, now + 1 - std::min(now + 1, timing_.cycle_units)) + timing_.beat_units;
        if (burst.address + bus_bytes_ > bytes_.size()) {
            broken = true;
        } else if (burst.write) {
            const auto* data = reinterpret_cast<const uint8_t*>(&top.bus_write_data);
            const auto* strobe = reinterpret_cast<const uint8_t*>(&top.bus_write_strobe);
            for (size_t i = 0; i < bus_bytes_; ++i)
                if (strobe[i / 8] >> (i % 8) & 1) bytes_[burst.address + i] = data[i];
        } else {
            std::memcpy(reinterpret_cast<uint8_t*>(&top.bus_read_data), &bytes_[burst.address], bus_bytes_);
        }
        const bool write = burst.write;
        const bool last = --burst.beats == 0;
        burst.address += bus_bytes_;
        top.bus_write_ready = write;
        top.bus_read_valid = !write;
        top.bus_read_last = !write && last;
        if (last) {
            bursts_.pop_front();
            if (write) responses_.push_back(cycle + timing_.write_latency);
        }
        return last && !write;
    }

    void accept(const Vsepconv& top, uint64_t cycle) {
        std::printf("burst %d %u %u %llu\n", top.bus_request_write, top.bus_request_address,
                    top.bus_request_beats, static_cast<unsigned long long>(cycle));
        bursts_.push_back({static_cast<bool>(top.bus_request_write), top.bus_request_address,
                           top.bus_request_beats,
                           cycle + (top.bus_request_write ? 1 : timing_.read_latency)});
        ++open_;
    }

    std::vector<uint8_t>& bytes_;
    Timing timing_;
    size_t bus_bytes_;
    std::deque<Burst> bursts_;
    std::deque<uint64_t> responses_;
    uint64_t open_ = 0, active_ = 0, due_ = 0;
};

void report(const char* what, unsigned bits, uint64_t cycle) {
    for (unsigned unit = 0; bits >> unit; ++unit)
        if (bits >> unit & 1) std::printf("%s %u %llu\n", what, unit, static_cast<unsigned long long>(cycle));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fprintf(stderr, "usage: simulate MEMORY.bin PROGRAM_ADDRESS LIMIT KEY=VALUE...\n");
        return 2;
    }
    std::map<std::string, uint64_t> options;
    for (int i = 4; i < argc; ++i) {
        const std::string option = argv[i];
        const size_t equals = option.find('=');
        options[option.substr(0, equals)] = std::strtoull(option.c_str() + equals + 1, nullptr, 10);
    }
    const Timing timing = {options.at("read_latency"),    options.at("write_latency"), options.at("beat_units"),
                           options.at("cycle_units"),     options.at("max_outstanding"),
                           options.at("pause_period"),    options.at("pause_length"),  options.at("pause_phase")};
    std::ifstream input(argv[1], std::ios::binary);
    std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
    input.close();

    const auto context = std::make_unique<VerilatedContext>();
    const auto top = std::make_unique<Vsepconv>(context.get());
    Memory memory(bytes, timing, options.at("bus_bytes"));
    const auto clock = [&] {
        top->clk = 1;
        top->eval();
        top->clk = 0;
    };
    top->clk = 0;
    top->program_address = static_cast<uint32_t>(std::strtoull(argv[2], nullptr, 10));
    top->burst_bytes = options.at("burst_bytes");
    for (int cycle = 0; cycle < 4; ++cycle) {
        top->rst = 1;
        top->eval();
        clock();
    }
    top->rst = 0;

    const uint64_t limit = std::strtoull(argv[3], nullptr, 10);
    int status = 1;
    for (uint64_t cycle = 0; cycle < limit && !memory.broken; ++cycle) {
        top->start = cycle == 0;
        memory.drive(*top, cycle);
        top->eval();
        if (top->started) report("started", top->started, cycle - 1);
        if (top->ended) report("ended", top->ended, cycle);
        if (top->irq) {
            std::printf("interrupt %u %llu\n", top->error, static_cast<unsigned long long>(cycle));
            status = 0;
            break;
        }
        clock();
    }
    if (memory.broken) std::printf("outside\n");
    std::ofstream(argv[1], std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()),
                                                   static_cast<std::streamsize>(bytes.size()));
    return status;
}
