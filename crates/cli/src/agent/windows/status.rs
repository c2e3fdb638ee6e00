//! What the service control manager is told of the service.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use windows_service::service::{
    ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::ServiceStatusHandle;

/// How often a start or a stop that takes its time is told to be going on.
pub(super) const TICK: Duration = Duration::from_secs(3);
/// How soon the next word is promised.
const HINT: Duration = Duration::from_secs(15);
/// A start without a domain controller counts as one after this time: a service that starts cannot be stopped.
const LONGEST_START: Duration = Duration::from_secs(60);
/// A stop that takes longer is no longer told to be going on, so that it is seen to hang.
const LONGEST_STOP: Duration = Duration::from_secs(60);

/// What the service control manager is told. Until it can be, nothing is.
#[derive(Debug)]
pub(super) struct Teller {
    handle: OnceLock<ServiceStatusHandle>,
    told: Mutex<Told>,
}

#[derive(Debug)]
struct Told {
    state: ServiceState,
    since: Instant,
    checkpoint: u32,
    code: u8,
}

impl Teller {
    pub(super) fn new() -> Self {
        let told = Told { state: ServiceState::StartPending, since: Instant::now(), checkpoint: 0, code: 0 };
        Self { handle: OnceLock::new(), told: Mutex::new(told) }
    }

    /// It can be told by this handle from here on: the service starts.
    pub(super) fn begin(&self, handle: ServiceStatusHandle) {
        let _ = self.handle.set(handle);
        self.tell(&self.told());
    }

    /// It runs, unless it is being stopped already.
    pub(super) fn running(&self) {
        self.turn(ServiceState::Running, 0, |state| state == ServiceState::StartPending);
    }

    /// It is being stopped. From here on no control comes any more, because none is accepted.
    pub(super) fn stopping(&self) {
        self.turn(ServiceState::StopPending, 0, |state| state != ServiceState::Stopped);
    }

    /// It has ended, with this exit code of the program. The process may be ended at any moment after this.
    pub(super) fn stopped(&self, code: u8) {
        self.turn(ServiceState::Stopped, code, |_| true);
    }

    /// To be called every [`TICK`]; false when nothing is left to tell.
    pub(super) fn tick(&self) -> bool {
        let mut told = self.told();
        let (state, age) = (told.state, told.since.elapsed());
        match state {
            ServiceState::StartPending if age >= LONGEST_START => {
                drop(told);
                self.running();
            }
            ServiceState::StartPending => {
                told.checkpoint += 1;
                self.tell(&told);
            }
            ServiceState::StopPending if age < LONGEST_STOP => {
                told.checkpoint += 1;
                self.tell(&told);
            }
            ServiceState::Stopped => return false,
            _ => {}
        }
        true
    }

    fn turn(&self, state: ServiceState, code: u8, may: impl FnOnce(ServiceState) -> bool) {
        let mut told = self.told();
        if may(told.state) {
            *told = Told { state, since: Instant::now(), checkpoint: 0, code };
            self.tell(&told);
        }
    }

    /// Called with the lock held, so that what is told last is what holds.
    fn tell(&self, told: &Told) {
        let is_pending = matches!(told.state, ServiceState::StartPending | ServiceState::StopPending);
        let accepted = match told.state {
            // Preshutdown in place of shutdown: it leaves more time.
            ServiceState::Running => ServiceControlAccept::STOP | ServiceControlAccept::PRESHUTDOWN,
            _ => ServiceControlAccept::empty(),
        };
        let status = ServiceStatus {
            service_type: ServiceType::OWN_PROCESS,
            current_state: told.state,
            controls_accepted: accepted,
            exit_code: match told.code {
                0 => ServiceExitCode::NO_ERROR,
                code => ServiceExitCode::ServiceSpecific(code.into()),
            },
            checkpoint: told.checkpoint,
            wait_hint: if is_pending { HINT } else { Duration::ZERO },
            process_id: None,
        };
        if let Some(handle) = self.handle.get() {
            // A manager that does not listen cannot be told otherwise.
            let _ = handle.set_service_status(status);
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
