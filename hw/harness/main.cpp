// Runs programs in the generated engine, with the DRAM of `hw/memory_timing.py` beside it as an AXI4 memory.
//
// usage: simulate run memory=FILE KEY=VALUE... [run memory=FILE KEY=VALUE...]... > events
// Each run sets the registers, starts its program and goes on to the interrupt; runs after the first begin with a
// soft reset. FILE is the memory of its run, all the time: what has been written can be read there at once.
// Keys, all of them numbers: `Options` below.
// Events, one a line, with the clock cycle since start:
//   started UNIT CYCLE | ended UNIT CYCLE | burst WRITE ADDRESS BEATS CYCLE | interrupt CYCLE | reset CYCLE
//   register OFFSET VALUE, of each register behind the interrupt | end, of the run | protocol TEXT, and the run is over

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "Vsepconv.h"
#include "sepconv_registers.h"
#include "verilated.h"

namespace {

using Options = std::map<std::string, uint64_t>;

struct Burst {
    bool write;
    uint64_t address, beats, earliest;
};

// A file as an array of bytes.
class Mapped {
  public:
    explicit Mapped(const std::string& path) {
        const int file = open(path.c_str(), O_RDWR);
        struct stat status;
        if (file < 0 || fstat(file, &status)) fail(path);
        size_ = static_cast<size_t>(status.st_size);
        void* data = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (data == MAP_FAILED) fail(path);
        close(file);
        data_ = static_cast<uint8_t*>(data);
    }
    ~Mapped() { munmap(data_, size_); }
    Mapped(const Mapped&) = delete;
    Mapped& operator=(const Mapped&) = delete;

    size_t size() const { return size_; }
    uint8_t& operator[](size_t index) { return data_[index]; }

  private:
    [[noreturn]] static void fail(const std::string& path) {
        std::perror(path.c_str());
        std::exit(2);
    }

    uint8_t* data_;
    size_t size_;
};

class Memory {
  public:
    Memory(Mapped& bytes, const Options& options) : bytes_(bytes), options_(options) {}

    std::string broken;  // what the engine did against the rules

    // Sets the engine's inputs of this cycle; its outputs are those of the same cycle.
    void drive(Vsepconv& top, uint64_t cycle) {
        top.m_axi_arready = top.m_axi_awready = open_ < max_outstanding_;
        top.m_axi_bvalid = !responses_.empty() && responses_.front() == cycle;
        top.m_axi_bresp = top.m_axi_rresp = 0;
        if (top.m_axi_bvalid) {
            responses_.pop_front();
            if (++answered_ == bad_write_) top.m_axi_bresp = bad_response_;
        }
        top.m_axi_rvalid = top.m_axi_rlast = top.m_axi_wready = 0;
        const bool closes = top.m_axi_bvalid;
        const bool paused = pause_period_ && (cycle + pause_period_ - pause_phase_) % pause_period_ < pause_length_;
        bool read_closes = false;
        if (!paused) {
            if (!bursts_.empty() && bursts_.front().earliest <= cycle && active_ * cycle_units_ >= due_)
                read_closes = beat(top, cycle);
            ++active_;
        }
        open_ -= closes + read_closes;
        if (top.m_axi_arvalid && top.m_axi_awvalid) broken = "two requests at once";
        if (top.m_axi_arvalid && top.m_axi_arready)
            accept({false, top.m_axi_araddr - base_, top.m_axi_arlen + 1u, cycle + read_latency_}, cycle);
        if (top.m_axi_awvalid && top.m_axi_awready)
            accept({true, top.m_axi_awaddr - base_, top.m_axi_awlen + 1u, cycle + 1}, cycle);
    }

    uint64_t open() const { return open_; }

  private:
    bool beat(Vsepconv& top, uint64_t cycle) {
        Burst& burst = bursts_.front();
        if (burst.write && !top.m_axi_wvalid) return false;
        const uint64_t now = active_ * cycle_units_;
        due_ = std::max(due_, now + 1 - std::min(now + 1, cycle_units_)) + beat_units_;
        const bool write = burst.write;
        const bool last = --burst.beats == 0;
        if (burst.address > bytes_.size() - bus_bytes_) {
            broken = "an address outside of the memory";
        } else if (write) {
            const auto* data = reinterpret_cast<const uint8_t*>(&top.m_axi_wdata);
            const auto* strobe = reinterpret_cast<const uint8_t*>(&top.m_axi_wstrb);
            for (size_t i = 0; i < bus_bytes_; ++i)
                if (strobe[i / 8] >> (i % 8) & 1) bytes_[burst.address + i] = data[i];
            if (top.m_axi_wlast != last) broken = "the last write beat is not the burst's last";
        } else {
            std::memcpy(reinterpret_cast<uint8_t*>(&top.m_axi_rdata), &bytes_[burst.address], bus_bytes_);
            if (++read_ == bad_read_) top.m_axi_rresp = bad_response_;
        }
        burst.address += bus_bytes_;
        top.m_axi_wready = write;
        top.m_axi_rvalid = !write;
        top.m_axi_rlast = !write && last;
        if (last) {
            bursts_.pop_front();
            if (write) responses_.push_back(cycle + write_latency_);
        }
        return last && !write;
    }

    void accept(const Burst& burst, uint64_t cycle) {
        std::printf("burst %d %llu %llu %llu\n", burst.write, static_cast<unsigned long long>(burst.address),
                    static_cast<unsigned long long>(burst.beats), static_cast<unsigned long long>(cycle));
        bursts_.push_back(burst);
        ++open_;
    }

    Mapped& bytes_;
    const Options& options_;
    // Addresses are counted from `base`, as the engine does.
    const uint64_t base_ = options_.at("base"), bus_bytes_ = options_.at("bus_bytes"), read_latency_ = options_.at("read_latency"),
                   write_latency_ = options_.at("write_latency"), beat_units_ = options_.at("beat_units"),
                   cycle_units_ = options_.at("cycle_units"), max_outstanding_ = options_.at("max_outstanding"),
                   pause_period_ = options_.at("pause_period"), pause_length_ = options_.at("pause_length"),
                   pause_phase_ = options_.at("pause_phase"),
                   // The n-th read beat or write burst, from 1 on, is answered with this response.
                   bad_read_ = options_.at("bad_read"), bad_write_ = options_.at("bad_write"),
                   bad_response_ = options_.at("bad_response");
    std::deque<Burst> bursts_;
    std::deque<uint64_t> responses_;
    uint64_t open_ = 0, active_ = 0, due_ = 0, read_ = 0, answered_ = 0;
};

void report(const char* what, unsigned bits, uint64_t cycle) {
    for (unsigned unit = 0; bits >> unit; ++unit)
        if (bits >> unit & 1) std::printf("%s %u %llu\n", what, unit, static_cast<unsigned long long>(cycle));
}

class Bench {
  public:
    Bench() {
        top_->clk = 0;
        top_->rst = 1;
        top_->s_axi_wstrb = 15;
        top_->s_axi_bready = top_->s_axi_rready = 1;
        for (int cycle = 0; cycle < 4; ++cycle) step();
        top_->rst = 0;
    }

    // Whether the program came to its interrupt, or to a soft reset that was asked for.
    bool run(Mapped& bytes, const Options& options) {
        if (runs_++) write(SEPCONV_CONTROL, SEPCONV_CONTROL_SOFT_RESET_MASK);
        while (read(SEPCONV_STATUS) & SEPCONV_STATUS_HALTING_MASK) {}
        for (const auto& [name, offset] : {
                 std::pair{"base", SEPCONV_BASE}, {"program_address", SEPCONV_PROGRAM_ADDRESS}, {"burst_bytes", SEPCONV_BURST_BYTES},
                 {"read_first", SEPCONV_READ_FIRST}, {"read_last", SEPCONV_READ_LAST},
                 {"write_first", SEPCONV_WRITE_FIRST}, {"write_last", SEPCONV_WRITE_LAST},
                 {"account", SEPCONV_ACCOUNT}})
            write(offset, options.at(name));
        write(SEPCONV_INTERRUPT, SEPCONV_INTERRUPT_ENABLE_MASK);
        step();  // the response

        // Cycle 0 is the one in which the start is accepted.
        show(SEPCONV_CONTROL, SEPCONV_CONTROL_START_MASK);
        for (uint64_t cycle = 0; cycle < options.at("write_cycles"); ++cycle) step();
        Memory memory(bytes, options);
        memory_ = &memory;
        cycle_ = 0;
        const bool ended = wait(options);
        if (memory.broken.empty() && ended)
            for (const uint32_t offset : registers_)
                std::printf("register %u %u\n", offset, read(offset));
        if (ended && memory.open()) memory.broken = "the engine came to rest with bursts open";
        if (!memory.broken.empty()) std::printf("protocol %s\n", memory.broken.c_str());
        memory_ = nullptr;
        std::printf("end\n");
        return ended && memory.broken.empty();
    }

  private:
    bool wait(const Options& options) {
        const uint64_t limit = options.at("limit"), poke_cycle = options.at("poke_cycle");
        const uint64_t poke = poke_cycle ? options.at("poke") : 0;
        while (cycle_ < limit && memory_->broken.empty()) {
            if (poke && cycle_ + options.at("write_cycles") == poke_cycle) show(SEPCONV_CONTROL, poke);
            step();
            if (accepted_) top_->s_axi_awvalid = top_->s_axi_wvalid = 0;
            if (interrupted_) return true;
            if (poke & SEPCONV_CONTROL_SOFT_RESET_MASK && cycle_ > poke_cycle) {
                while (read(SEPCONV_STATUS) & SEPCONV_STATUS_HALTING_MASK && cycle_ < limit) {}
                std::printf("reset %llu\n", static_cast<unsigned long long>(cycle_));
                return cycle_ < limit;
            }
        }
        return false;
    }

    // One clock cycle.
    void step() {
        if (memory_) memory_->drive(*top_, cycle_);
        top_->eval();
        if (memory_) {
            if (top_->started) report("started", top_->started, cycle_ - 1);
            if (top_->ended) report("ended", top_->ended, cycle_);
            if (top_->irq && !interrupted_)
                std::printf("interrupt %llu\n", static_cast<unsigned long long>(cycle_));
            if (cycle_ % 32768 == 0) std::fflush(stdout);
        }
        interrupted_ = top_->irq;
        accepted_ = top_->s_axi_awready;
        addressed_ = top_->s_axi_arready;
        answered_ = top_->s_axi_rvalid;
        data_ = top_->s_axi_rdata;
        top_->clk = 1;
        top_->eval();
        top_->clk = 0;
        ++cycle_;
    }

    void show(uint32_t offset, uint32_t value) {
        top_->s_axi_awaddr = offset;
        top_->s_axi_wdata = value;
        top_->s_axi_awvalid = top_->s_axi_wvalid = 1;
    }

    void write(uint32_t offset, uint32_t value) {
        show(offset, value);
        do step();
        while (!accepted_);
        top_->s_axi_awvalid = top_->s_axi_wvalid = 0;
    }

    uint32_t read(uint32_t offset) {
        top_->s_axi_awvalid = top_->s_axi_wvalid = 0;
        top_->s_axi_araddr = offset;
        top_->s_axi_arvalid = 1;
        do step();
        while (!addressed_);
        top_->s_axi_arvalid = 0;
        do step();
        while (!answered_);
        return data_;
    }

    const std::unique_ptr<VerilatedContext> context_ = std::make_unique<VerilatedContext>();
    const std::unique_ptr<Vsepconv> top_ = std::make_unique<Vsepconv>(context_.get());
#define ENTRY(offset) offset,
    const std::vector<uint32_t> registers_{SEPCONV_REGISTERS(ENTRY)};
#undef ENTRY
    Memory* memory_ = nullptr;
    uint64_t cycle_ = 0, runs_ = 0;
    bool interrupted_ = false, accepted_ = false, addressed_ = false, answered_ = false;
    uint32_t data_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    Bench bench;
    int status = 0;
    for (int i = 1; i < argc;) {
        if (std::string(argv[i]) != "run") {
            std::fprintf(stderr, "usage: simulate run memory=FILE KEY=VALUE...\n");
            return 2;
        }
        std::string file;
        Options options;
        while (++i < argc && std::string(argv[i]) != "run") {
            const std::string option = argv[i];
            const size_t equals = option.find('=');
            if (option.substr(0, equals) == "memory")
                file = option.substr(equals + 1);
            else
                options[option.substr(0, equals)] = std::strtoull(option.c_str() + equals + 1, nullptr, 10);
        }
        Mapped bytes(file);
        if (!bench.run(bytes, options)) return 1;
    }
    return status;
}
