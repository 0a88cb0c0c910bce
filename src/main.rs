//! The program `seerflow`: parse, run, exit code.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    seerflow::cli::main(std::env::args_os()).into()
}
