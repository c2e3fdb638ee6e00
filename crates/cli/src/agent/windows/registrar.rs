//! Registers the agent with the service control manager.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use adrecover_agent::{
    RESTARTS, RESTARTS_FORGOTTEN, Registration, SERVICE_NAME, SERVICE_TEXT, SERVICE_TITLE, Setting,
};
use windows_service::service::{
    Service, ServiceAccess, ServiceAction, ServiceActionType, ServiceErrorControl, ServiceFailureActions,
    ServiceFailureResetPeriod, ServiceInfo, ServiceSidType, ServiceStartType, ServiceType,
};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};

use crate::error::{CliError, Kind};

/// `ERROR_ACCESS_DENIED`.
const ACCESS_DENIED: i32 = 5;
/// `ERROR_SERVICE_DOES_NOT_EXIST`.
const NO_SUCH_SERVICE: i32 = 1060;
/// `ERROR_SERVICE_MARKED_FOR_DELETE`.
const TO_BE_DELETED: i32 = 1072;

/// What there is under the name of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing.
    None,
    /// An agent that this program registered.
    Ours,
    /// Something else.
    Other,
}

/// What is registered already.
pub(crate) fn find() -> Result<Found, CliError> {
    let manager = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT)
        .map_err(|e| failed(&e))?;
    let service = match manager.open_service(SERVICE_NAME, ServiceAccess::QUERY_CONFIG) {
        Ok(service) => service,
        Err(error) if number(&error) == Some(NO_SUCH_SERVICE) => return Ok(Found::None),
        Err(error) => return Err(failed(&error)),
    };
    let config = service.query_config().map_err(|error| failed(&error))?;
    // The whole command line is in it.
    let is_ours = config.executable_path.to_string_lossy().contains(" agent run --service");
    Ok(if is_ours { Found::Ours } else { Found::Other })
}

/// Registers the service, or changes the one that is there, and keeps its folder for it. The settings that this Windows does not
/// take come back with the reason: the service is there without them.
pub(crate) fn register(registration: &Registration) -> Result<Vec<(Setting, String)>, CliError> {
    let service = put(registration).map_err(|error| failed(&error))?;
    let refused = |setting| set(&service, setting).err().map(|error| (setting, text(&error)));
    let refused = Setting::ALL.into_iter().filter_map(refused).collect();
    if registration.account.is_managed() {
        run("sc.exe", ["managedaccount", SERVICE_NAME, "true"])?;
    }
    let folder = Path::new(&registration.folder);
    std::fs::create_dir_all(folder).map_err(|error| CliError::file("create", folder, &error))?;
    registration.folder_rights().iter().try_for_each(|words| run("icacls.exe", words))?;
    Ok(refused)
}

fn put(registration: &Registration) -> windows_service::Result<Service> {
    let info = ServiceInfo {
        name: OsString::from(SERVICE_NAME),
        display_name: OsString::from(SERVICE_TITLE),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::AutoStart,
        error_control: ServiceErrorControl::Normal,
        executable_path: PathBuf::from(&registration.program),
        launch_arguments: registration.words.iter().map(OsString::from).collect(),
        dependencies: vec![],
        account_name: Some(OsString::from(registration.account.name())),
        account_password: None,
    };
    let access = ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE;
    let manager = ServiceManager::local_computer(None::<&str>, access)?;
    // To set what is done after a failure takes the right to start it.
    let access = ServiceAccess::CHANGE_CONFIG | ServiceAccess::START;
    match manager.open_service(SERVICE_NAME, access) {
        Ok(service) => service.change_config(&info).map(|()| service),
        Err(error) if number(&error) == Some(NO_SUCH_SERVICE) => manager.create_service(&info, access),
        Err(error) => Err(error),
    }
}

fn set(service: &Service, setting: Setting) -> windows_service::Result<()> {
    let action = |seconds: u32| ServiceAction {
        action_type: ServiceActionType::Restart,
        delay: Duration::from_secs(seconds.into()),
    };
    match setting {
        Setting::Description => service.set_description(SERVICE_TEXT),
        Setting::Delayed => service.set_delayed_auto_start(true),
        Setting::Sid => service.set_config_service_sid_info(ServiceSidType::Unrestricted),
        Setting::Restarts => service.update_failure_actions(ServiceFailureActions {
            reset_period: ServiceFailureResetPeriod::After(Duration::from_secs(RESTARTS_FORGOTTEN.into())),
            reboot_msg: None,
            command: None,
            actions: Some(RESTARTS.map(action).to_vec()),
        }),
    }
}

/// Runs a program of the system, which is not looked for in any other place.
fn run<W: AsRef<OsStr>>(program: &str, words: impl IntoIterator<Item = W>) -> Result<(), CliError> {
    let root = std::env::var_os("SystemRoot").map(PathBuf::from).filter(|root| root.is_absolute());
    let root = root
        .ok_or_else(|| CliError::unexpected("the variable SystemRoot, which names a folder, is not set"))?;
    let output = Command::new(root.join("System32").join(program)).args(words).stdin(Stdio::null()).output();
    let output = output.map_err(|error| CliError::unexpected(format!("cannot run {program}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).split_whitespace().collect::<Vec<_>>().join(" ");
    Err(CliError::unexpected(format!(
        "the service is registered, but {program} failed ({}): {said}",
        output.status
    ))
    .hint("run the command that is shown above by hand, before the service is started"))
}

/// What went wrong, with what Windows says of it.
pub(super) fn text(error: &windows_service::Error) -> String {
    match error {
        windows_service::Error::Winapi(error) => error.to_string(),
        other => other.to_string(),
    }
}

fn number(error: &windows_service::Error) -> Option<i32> {
    match error {
        windows_service::Error::Winapi(error) => error.raw_os_error(),
        _ => None,
    }
}

fn failed(error: &windows_service::Error) -> CliError {
    let message = format!("the service control manager: {}", text(error));
    match number(error) {
        Some(ACCESS_DENIED) => CliError::new(Kind::AccessDenied, message)
            .hint("run this in a console that was opened as an administrator"),
        Some(TO_BE_DELETED) => CliError::unexpected(message).hint(
            "the old service is gone when it has stopped and the Services console is closed: try again then",
        ),
        _ => CliError::unexpected(message),
    }
}
