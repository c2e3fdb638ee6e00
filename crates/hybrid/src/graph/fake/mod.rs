//! A stand-in for Microsoft Graph and its login host, in memory: for tests only.
//!
//! It is stateful (users, a bin, conflicts), and it misbehaves on request. Every request is held against `contract.json`; one that
//! does not fit is refused and remembered ([`Fake::assert_clean`]). It is no model of Entra ID's own rules beyond what the tests need.

mod contract;
mod directory;
mod expression;
mod fault;
mod http;
mod login;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::{Credential, Endpoint, SignIn};
use contract::Contract;
pub use fault::Fault;
pub use http::Received;
use http::Reply;

/// The tenant that it is.
pub const TENANT: &str = "contoso.onmicrosoft.com";
/// The app that may sign in.
pub const CLIENT: Uuid = Uuid::from_u128(0xc11e_0000_0000_4000_8000_0000_0000_0001);
/// The app's secret. It holds what has to be escaped in forms and in JSON.
pub const SECRET: &str = "Fake~secret+/&=\"1\\%zz";

/// Objects and settings.
pub struct State {
    /// Users by their properties.
    pub users: Vec<Value>,
    /// Users in the bin.
    pub bin: Vec<Value>,
    /// Other lists by the last part of their path.
    pub lists: HashMap<&'static str, Vec<Value>>,
    /// Who is managed in the cloud.
    pub cloud_managed: BTreeSet<String>,
    /// Whose restore needs a higher role.
    pub privileged: BTreeSet<String>,
    /// Paths that the token may not read.
    pub forbidden: BTreeSet<String>,
    /// How many objects a page has.
    pub page_size: usize,
    /// How long tokens hold, in seconds.
    pub token_seconds: u64,
    /// What the polls of a device code are answered, one after the other; then a token.
    pub device: VecDeque<&'static str>,
    /// The modulus and exponent (DER) of the key that assertions are signed with.
    pub public_key: Option<Vec<u8>>,
    /// What goes wrong with the next requests to Graph.
    pub faults: VecDeque<Fault>,
    /// What goes wrong, once, with the next request whose path ends so.
    pub fault_at: Option<(&'static str, Fault)>,
    /// What goes wrong with the next requests to the login host.
    pub login_faults: VecDeque<Fault>,
    /// What came, in order.
    pub log: Vec<Received>,
    /// Tokens that hold.
    pub tokens: BTreeSet<String>,
    /// What did not fit the description.
    pub violations: Vec<String>,
    contract: Contract,
    refresh: BTreeSet<String>,
    pages: HashMap<String, directory::Rest>,
    count: u64,
    address: SocketAddr,
}

/// The stand-in, while it runs.
pub struct Fake {
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fake {
    /// Starts one on a free port of this computer.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::new(address)));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(http::serve(stream, move |received| lock(&shared).answer(received)));
            }
        });
        Self { state, task }
    }

    /// What it holds.
    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Where it is: both hosts in one.
    pub fn endpoint(&self) -> Endpoint {
        let url = self.url();
        Endpoint::new(&url, &url).expect("a loopback address")
    }

    /// Its address, which `--cloud-endpoint` takes twice.
    pub fn url(&self) -> String {
        format!("http://{}", self.state().address)
    }

    /// Lets the app sign in with the RSA key (PKCS #8) of this PEM.
    pub fn trust(&self, pem: &[u8]) {
        use ring::signature::KeyPair;
        use rustls_pki_types::pem::PemObject;
        let key = rustls_pki_types::PrivatePkcs8KeyDer::from_pem_slice(pem).expect("a key");
        let pair = ring::signature::RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).expect("an RSA key");
        self.state().public_key = Some(pair.public_key().as_ref().to_vec());
    }

    /// The app with its secret.
    pub fn sign_in(&self) -> SignIn {
        SignIn::new(TENANT, CLIENT, Credential::Secret(SECRET.into())).expect("a tenant")
    }

    /// Fails where a request did not fit the description.
    pub fn assert_clean(&self) {
        let state = self.state();
        assert!(state.violations.is_empty(), "{:#?}", state.violations);
    }

    /// The calls of the description that were not made.
    pub fn calls_not_made(&self) -> Vec<String> {
        let state = self.state();
        let graph: Vec<&Received> = state.log.iter().collect();
        let was_made = |call: &str| {
            graph.iter().any(|r| {
                let path: Vec<String> = r
                    .path
                    .split('/')
                    .map(|s| if Uuid::try_parse(s).is_ok() { "{id}".into() } else { s.to_owned() })
                    .collect();
                format!("{} {}", r.method, path.join("/")) == call
            })
        };
        state.contract.calls().filter(|call| !was_made(call)).map(str::to_owned).collect()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn new(address: SocketAddr) -> Self {
        Self {
            users: vec![],
            bin: vec![],
            lists: HashMap::new(),
            cloud_managed: BTreeSet::new(),
            privileged: BTreeSet::new(),
            forbidden: BTreeSet::new(),
            page_size: 100,
            token_seconds: 3600,
            device: VecDeque::new(),
            public_key: None,
            faults: VecDeque::new(),
            fault_at: None,
            login_faults: VecDeque::new(),
            log: vec![],
            tokens: BTreeSet::new(),
            violations: vec![],
            contract: Contract::read(),
            refresh: BTreeSet::new(),
            pages: HashMap::new(),
            count: 0,
            address,
        }
    }

    /// Adds a user with these properties and an id.
    pub fn add_user(&mut self, id: Uuid, properties: Value) {
        let mut user = properties;
        user["id"] = json!(id);
        for name in user.as_object().into_iter().flat_map(|o| o.keys()) {
            let is_known = self.contract.knows("user", name) || self.contract.knows("userIdentifier", name);
            assert!(is_known, "users have no {name}");
        }
        self.users.push(user);
    }

    /// Deletes a user as Entra ID does: the id comes before the UPN.
    pub fn delete_user(&mut self, id: Uuid, at: &str) {
        let id = id.to_string();
        let place = self.users.iter().position(|u| u["id"] == id.as_str()).expect("the user is there");
        let mut user = self.users.remove(place);
        let upn = user["userPrincipalName"].as_str().unwrap_or_default();
        user["userPrincipalName"] = json!(format!("{}{upn}", id.replace('-', "")));
        user["deletedDateTime"] = json!(at);
        self.bin.push(user);
    }

    fn answer(&mut self, received: Received) -> Reply {
        self.log.push(received.clone());
        let is_login = received.path.contains("/oauth2/");
        let faults = if is_login { &mut self.login_faults } else { &mut self.faults };
        let is_meant = |end: &str| received.path.ends_with(end);
        let fault = match self.fault_at.take_if(|(end, _)| is_meant(end)) {
            Some((_, fault)) => Some(fault),
            None => faults.pop_front(),
        };
        let base = format!("http://{}", self.address);
        if let Some(reply) = fault.as_ref().and_then(|f| f.instead(&received, &base)) {
            return reply;
        }
        let reply = if is_login { self.login(&received) } else { self.graph(&received) };
        match fault {
            Some(fault) => fault.upon(reply, &base),
            None => reply,
        }
    }

    fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }
}

/// An answer in JSON.
fn in_json(status: u16, body: &Value) -> Reply {
    let headers = vec![
        ("content-type", "application/json;odata.metadata=minimal;charset=utf-8".to_owned()),
        ("request-id", "0f0f0f0f-0000-4000-8000-000000000001".to_owned()),
        ("date", "Thu, 26 Nov 2026 10:00:00 GMT".to_owned()),
    ];
    let body = if status == 204 { vec![] } else { body.to_string().into_bytes() };
    Reply { status, headers, body, ..Reply::default() }
}
