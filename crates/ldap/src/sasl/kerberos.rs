//! The Kerberos context: GSSAPI of the system's Kerberos on Linux, SSPI on Windows.

use cross_krb5::{ClientCtx, InitiateFlags, K5Ctx, PendingClientCtx, Step};

use super::Mechanism;
use crate::KerberosFailure;

/// A context with one service.
pub(super) struct Context {
    state: State,
}

enum State {
    Fresh {
        service: String,
        principal: Option<String>,
        binding: Option<Vec<u8>>,
    },
    Pending(PendingClientCtx),
    Established(ClientCtx),
    /// A step failed.
    Failed,
}

impl Context {
    pub(super) fn new(service: String, principal: Option<String>, binding: Option<Vec<u8>>) -> Self {
        Self { state: State::Fresh { service, principal, binding } }
    }

    fn established(&mut self) -> Result<&mut ClientCtx, String> {
        match &mut self.state {
            State::Established(context) => Ok(context),
            _ => Err("the security context is not established".to_owned()),
        }
    }
}

impl Mechanism for Context {
    fn step(&mut self, token: Option<&[u8]>) -> Result<Vec<u8>, KerberosFailure> {
        let failure = |text: String| KerberosFailure::of(&text);
        let token = token.unwrap_or_default();
        let (state, next) = match std::mem::replace(&mut self.state, State::Failed) {
            State::Fresh { service, principal, binding } => {
                let flags = InitiateFlags::empty();
                let (pending, next) =
                    ClientCtx::new(flags, principal.as_deref(), &service, binding.as_deref())
                        .map_err(|e| failure(format!("{e:#}")))?;
                (State::Pending(pending), next.to_vec())
            }
            State::Pending(pending) => match pending.step(token).map_err(|e| failure(format!("{e:#}")))? {
                Step::Finished((context, next)) => {
                    (State::Established(context), next.map(|next| next.to_vec()).unwrap_or_default())
                }
                Step::Continue((pending, next)) => (State::Pending(pending), next.to_vec()),
            },
            State::Established(_) | State::Failed => {
                return Err(KerberosFailure::Other("the security context has ended".to_owned()));
            }
        };
        self.state = state;
        Ok(next)
    }

    fn is_established(&self) -> bool {
        matches!(self.state, State::Established(_))
    }

    fn wrap(&mut self, seal: bool, clear: &[u8]) -> Result<Vec<u8>, String> {
        let wrapped = self.established()?.wrap(seal, clear).map_err(|e| format!("{e:#}"))?;
        Ok(wrapped.to_vec())
    }

    fn unwrap(&mut self, protected: &[u8]) -> Result<Vec<u8>, String> {
        let clear = self.established()?.unwrap(protected).map_err(|e| format!("{e:#}"))?;
        Ok(clear.to_vec())
    }
}
