/*
 * A plugin of QEMU's TCG that counts what a boot executes: instructions of user and kernel, system calls, page faults and
 * execs, from the start of the first user program (the kernel's "Run /init as init process") to the first instruction of the
 * real init.
 *
 *   -plugin count.so,out=FILE,symbols=FILE,entry=0xADDRESS[,profile=on]
 *
 * out       what was counted, a `NAME NUMBER` a line
 * symbols   the kernel's symbols, as /proc/kallsyms has them; the kernel is to run with `nokaslr`, on one CPU
 * entry     the address of the real init's first instruction, which no other program has anything at
 * profile   adds `call PLACE NAME USER KERNEL FAULT FAULTS` for each system call in its order: instructions of user code before
 *           it, of the kernel in it, of page faults and interrupts before it, and how many faults; and `function INSTRUCTIONS NAME`
 *
 * The API is declared here as docs/devel/tcg-plugins.rst describes it: Debian has no package with QEMU's header. It uses just what
 * later versions of it have left as it is; tested with QEMU 7.2.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef API
#define API 1 /* of QEMU before 9; 2 from then on */
#endif
#define EXPORT __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*executed)(unsigned int vcpu, void *data);
enum flags { NO_REGISTERS };
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, executed, enum flags, void *);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *, executed, enum flags, void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);

EXPORT int qemu_plugin_version = API;

/* What the first instruction of a function of the kernel tells. The names of each are those on any of the architectures. */
enum event { NOTHING, BEGIN, RUN, CALL, FAULT, EXEC, LOAD, WAIT, NAMED };
static const struct {
    const char *name;
    enum event event;
} EVENTS[] = {
    {"start_kernel", BEGIN},
    {"run_init_process", RUN},
    {"entry_SYSCALL_64", CALL},
    {"do_el0_svc", CALL},
    {"asm_exc_page_fault", FAULT},
    {"do_mem_abort", FAULT},
    {"begin_new_exec", EXEC},
};
/* Each system call has a function of that name, and some are counted apart: those that load modules and those that wait, in which
 * the kernel does what is no affair of whoever waits. */
static const char *const CALLS[] = {"__x64_sys_", "__arm64_sys_"};
static const struct {
    const char *name;
    enum event event;
} APART[] = {
    {"init_module", LOAD}, {"finit_module", LOAD}, {"poll", WAIT}, {"ppoll", WAIT}, {"select", WAIT}, {"pselect6", WAIT},
    {"epoll_wait", WAIT}, {"epoll_pwait", WAIT}, {"nanosleep", WAIT}, {"clock_nanosleep", WAIT}, {"wait4", WAIT}, {"waitid", WAIT},
};

struct symbol {
    uint64_t address;
    const char *name;
    enum event event;
    uint64_t instructions;
};
static struct symbol *symbols, outside = {.name = "?"};
static size_t symbols_count;

/* A block of instructions: how many, and of what function, which is none for user code. */
struct block {
    struct symbol *function;
    uint64_t instructions;
};

/* Blocks are never freed; the translator asks for thousands of them. */
static struct block *new_block(void)
{
    static struct block *pool;
    static size_t left;
    if (left == 0) {
        left = 4096;
        pool = calloc(left, sizeof *pool);
        if (!pool) abort();
    }
    return &pool[--left];
}

struct call {
    const char *name;
    uint64_t user, kernel, fault, faults;
};
#define MOST_CALLS 100000
static struct call *calls;
static size_t calls_count;

static FILE *out;
static uint64_t entry;
static bool profile, runs, done, in_call;
static uint64_t total, user, kernel, loading, waiting, calls_seen, faults, execs, *apart;
static struct call now;

static int by_address(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;
    return (x->address > y->address) - (x->address < y->address);
}

static bool is_kernel(uint64_t address) { return address >> 63; }

static struct symbol *symbol_at(uint64_t address)
{
    size_t low = 0, high = symbols_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (symbols[middle].address <= address) low = middle + 1;
        else high = middle;
    }
    return low ? &symbols[low - 1] : &outside;
}

static enum event event_of(const char *name)
{
    for (size_t i = 0; i < sizeof EVENTS / sizeof *EVENTS; i++)
        if (!strcmp(EVENTS[i].name, name)) return EVENTS[i].event;
    for (size_t i = 0; i < sizeof CALLS / sizeof *CALLS; i++) {
        size_t length = strlen(CALLS[i]);
        if (strncmp(name, CALLS[i], length)) continue;
        for (size_t j = 0; j < sizeof APART / sizeof *APART; j++)
            if (!strcmp(name + length, APART[j].name)) return APART[j].event;
        return profile ? NAMED : NOTHING;
    }
    return NOTHING;
}

static void end_call(void)
{
    if (profile && in_call && calls_count < MOST_CALLS) calls[calls_count++] = now;
    if (in_call) now = (struct call){0};
    in_call = false;
    apart = NULL;
}

static void on_block(unsigned int vcpu, void *data)
{
    const struct block *block = data;
    (void)vcpu;
    if (done) return;
    total += block->instructions;
    if (!runs) return;
    if (block->function) {
        kernel += block->instructions;
        if (apart) *apart += block->instructions;
        block->function->instructions += block->instructions;
        *(in_call ? &now.kernel : &now.fault) += block->instructions;
    } else {
        end_call();
        user += block->instructions;
        now.user += block->instructions;
    }
}

static void on_event(unsigned int vcpu, void *data)
{
    struct symbol *symbol = data;
    (void)vcpu;
    if (done) return;
    switch (symbol->event) {
    case BEGIN:
        total = 0;
        break;
    case RUN:
        runs = true;
        break;
    case CALL:
        if (!runs) break;
        calls_seen++;
        in_call = true;
        break;
    case FAULT:
        if (!runs) break;
        faults++;
        now.faults++;
        break;
    case EXEC:
        if (runs) execs++;
        break;
    case LOAD:
    case WAIT:
        if (in_call && !apart) apart = symbol->event == LOAD ? &loading : &waiting;
        /* fall through */
    case NAMED:
        if (in_call && !now.name) {
            const char *name = strstr(symbol->name, "sys_");
            now.name = name ? name + 4 : symbol->name;
        }
        break;
    case NOTHING:
        break;
    }
}

static int by_instructions(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;
    return (x->instructions < y->instructions) - (x->instructions > y->instructions);
}

/* The real init has begun. Everything is written at once: nobody waits for QEMU's own end. */
static void on_entry(unsigned int vcpu, void *data)
{
    (void)vcpu, (void)data;
    if (done) return;
    end_call();
    done = true;
    fprintf(out, "total %" PRIu64 "\nuser %" PRIu64 "\nkernel %" PRIu64 "\n", total, user, kernel);
    fprintf(out, "loading %" PRIu64 "\nwaiting %" PRIu64 "\n", loading, waiting);
    fprintf(out, "calls %" PRIu64 "\nfaults %" PRIu64 "\nexecs %" PRIu64 "\n", calls_seen, faults, execs);
    for (size_t i = 0; i < calls_count; i++)
        fprintf(out, "call %zu %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", i + 1, calls[i].name ? calls[i].name : "?",
                calls[i].user, calls[i].kernel, calls[i].fault, calls[i].faults);
    if (profile) {
        qsort(symbols, symbols_count, sizeof *symbols, by_instructions);
        for (size_t i = 0; i < symbols_count && symbols[i].instructions; i++)
            fprintf(out, "function %" PRIu64 " %s\n", symbols[i].instructions, symbols[i].name);
    }
    fclose(out);
}

static void on_translation(plugin_id id, struct qemu_plugin_tb *tb)
{
    uint64_t address = qemu_plugin_tb_vaddr(tb);
    size_t count = qemu_plugin_tb_n_insns(tb);
    struct block *block;
    (void)id;
    if (done) return;
    block = new_block();
    block->instructions = count;
    block->function = is_kernel(address) ? symbol_at(address) : NULL;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, NO_REGISTERS, block);
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(tb, i);
        uint64_t at = qemu_plugin_insn_vaddr(instruction);
        if (at == entry) {
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_entry, NO_REGISTERS, NULL);
        } else if (is_kernel(at)) {
            struct symbol *symbol = symbol_at(at);
            if (symbol->address == at && symbol->event != NOTHING)
                qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_event, NO_REGISTERS, symbol);
        }
    }
}

static bool read_symbols(const char *path)
{
    char line[1024], name[512], type;
    size_t room = 0;
    uint64_t address;
    FILE *file = fopen(path, "r");
    if (!file) return false;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "%" SCNx64 " %c %511s", &address, &type, name) != 3 || !strchr("tTwW", type)) continue;
        if (symbols_count == room) {
            room = room ? 2 * room : 1 << 16;
            symbols = realloc(symbols, room * sizeof *symbols);
            if (!symbols) abort();
        }
        symbols[symbols_count++] = (struct symbol){.address = address, .name = strdup(name), .event = event_of(name)};
    }
    fclose(file);
    qsort(symbols, symbols_count, sizeof *symbols, by_address);
    /* Of several names of one place the one that tells something is left. */
    for (size_t i = 1; i < symbols_count; i++)
        if (symbols[i].address == symbols[i - 1].address) {
            if (symbols[i].event == NOTHING) symbols[i].event = symbols[i - 1].event;
            else symbols[i - 1].event = symbols[i].event;
        }
    return symbols_count != 0;
}

EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    const char *names = "", *path = "";
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (!strncmp(argv[i], "out=", 4)) path = argv[i] + 4;
        else if (!strncmp(argv[i], "symbols=", 8)) names = argv[i] + 8;
        else if (!strncmp(argv[i], "entry=", 6)) entry = strtoull(argv[i] + 6, NULL, 0);
        else if (!strcmp(argv[i], "profile=on")) profile = true;
        else return fprintf(stderr, "count: unknown argument: %s\n", argv[i]), -1;
    }
    calls = profile ? calloc(MOST_CALLS, sizeof *calls) : NULL;
    if (!read_symbols(names)) return fprintf(stderr, "count: no symbols in symbols=%s\n", names), -1;
    if (!(out = fopen(path, "w"))) return perror("count: out="), -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
