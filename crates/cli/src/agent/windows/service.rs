//! `adrecover agent run --service`: the agent below the service control manager.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use adrecover_agent::{LogFile, SERVICE_NAME};
use windows_service::service::ServiceControl;
use windows_service::service_control_handler::{self, ServiceControlHandlerResult};
use windows_service::service_dispatcher;

use super::status::{TICK, Teller};
use crate::cli::Cli;
use crate::context::Service;
use crate::error::{CliError, Kind};
use crate::folders;
use crate::interrupt::Stop;
use crate::printer::Printer;
use crate::start::{carry_out, guarded};

/// The log's file in the folder of the service.
const LOG: &str = "agent.log";

/// The command line: the service control manager calls a function that is given nothing.
static GIVEN: Mutex<Option<Cli>> = Mutex::new(None);
/// The exit code of the service.
static CODE: AtomicU8 = AtomicU8::new(1);

/// Connects with the service control manager and runs the agent below it; the result is the exit code.
pub(crate) fn serve(cli: Cli) -> u8 {
    let (format, color) = (cli.global.output.unwrap_or_default(), cli.global.color.unwrap_or_default());
    *GIVEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(cli);
    match service_dispatcher::start(SERVICE_NAME, service_main) {
        Ok(()) => CODE.load(Ordering::SeqCst),
        Err(error) => {
            let error = CliError::usage(format!(
                "--service: not started as a service: {}",
                super::registrar::text(&error)
            ))
            .hint(
                "leave out --service, or register the service with `adrecover agent install` and start that",
            );
            Printer::new(format, 0, color).error(&error);
            error.code()
        }
    }
}

/// What the service control manager calls, on a thread of its own (`LPSERVICE_MAIN_FUNCTIONW`).
extern "system" fn service_main(_count: u32, _arguments: *mut *mut u16) {
    let cli = GIVEN.lock().unwrap_or_else(PoisonError::into_inner).take();
    let (Some(cli), Ok(folder)) = (cli, folders::service_folder()) else { return };
    #[expect(clippy::disallowed_methods, reason = "the clock is read here and passed on")]
    let log = LogFile::new(folder.join(LOG), Arc::new(chrono::Utc::now));
    let code = guarded(|| run(&cli, &log), || Printer::of_service(&log, 0));
    CODE.store(code, Ordering::SeqCst);
}

fn run(cli: &Cli, log: &LogFile) -> u8 {
    let (stop, teller) = (Stop::default(), Arc::new(Teller::new()));
    let handler = {
        let (stop, teller) = (stop.clone(), Arc::clone(&teller));
        move |control| match control {
            ServiceControl::Stop | ServiceControl::Shutdown | ServiceControl::Preshutdown => {
                teller.stopping();
                stop.ask();
                ServiceControlHandlerResult::NoError
            }
            ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
            _ => ServiceControlHandlerResult::NotImplemented,
        }
    };
    let printer = Printer::of_service(log, 0);
    match service_control_handler::register(SERVICE_NAME, handler) {
        Ok(handle) => teller.begin(handle),
        Err(error) => {
            let what =
                format!("no word with the service control manager: {}", super::registrar::text(&error));
            printer.error(&CliError::unexpected(what));
            return Kind::Unexpected.code();
        }
    }
    let ticking = Arc::clone(&teller);
    std::thread::spawn(move || {
        while ticking.tick() {
            std::thread::sleep(TICK);
        }
    });
    printer.note(format!("adrecover {} starts as a service", env!("CARGO_PKG_VERSION")));
    let when_ready = {
        let teller = Arc::clone(&teller);
        Arc::new(move || teller.running())
    };
    let service = Service { log: log.clone(), when_ready };
    let work = || carry_out(cli, stop.clone(), Some(service));
    let code = guarded(work, || Printer::of_service(log, 0));
    end(&teller, &printer, stop.is_asked(), code)
}

/// What was stopped, is used wrongly or has a journal that is damaged again and again stays as it is: started anew it would be
/// the same. What failed otherwise ends without a word, which is what the service control manager starts a service again for.
fn end(teller: &Teller, printer: &Printer, is_asked: bool, code: u8) -> u8 {
    let code = if is_asked && code == Kind::Interrupted.code() { 0 } else { code };
    let is_final = is_asked || [0, Kind::Usage.code(), Kind::BadInput.code()].contains(&code);
    if !is_final {
        printer.note(format!("failed ({code}), and is to be started again"));
        #[expect(
            clippy::exit,
            reason = "only a service that ends without having been stopped is started again"
        )]
        std::process::exit(code.into());
    }
    printer.note(format!("ends ({code})"));
    teller.stopped(code);
    code
}
