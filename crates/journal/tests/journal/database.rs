//! A database of its own for each test, on the server that `tests/lab/postgres` started.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use adrecover_journal::{JournalPlace, PostgresAddress};
use postgres::{Client, NoTls};

/// A database that is there as long as this is.
pub(crate) struct Database {
    pub(crate) name: String,
    lab: Lab,
}

/// The server.
#[derive(Clone)]
pub(crate) struct Lab {
    pub(crate) state: PathBuf,
    /// The folder of its socket and the port.
    socket: String,
    pub(crate) port: String,
    pub(crate) password: String,
}

impl Lab {
    /// The server that is named; `None`, said with a word, where none is.
    #[expect(clippy::print_stderr, reason = "what was not tested is said")]
    pub(crate) fn find() -> Option<Self> {
        let Some(state) = std::env::var_os("ADRECOVER_TEST_POSTGRES").map(PathBuf::from) else {
            eprintln!("skipped: ADRECOVER_TEST_POSTGRES names no server (tests/lab/postgres)");
            return None;
        };
        let env = std::fs::read_to_string(state.join("env")).unwrap();
        let line = env.lines().find_map(|line| line.strip_prefix("LAB_POSTGRES_SOCKET='")).unwrap();
        let port = line.trim_end_matches('\'').rsplit('=').next().unwrap().to_owned();
        let password = std::fs::read_to_string(state.join("password")).unwrap();
        Some(Self { socket: state.to_str().unwrap().to_owned(), state, port, password })
    }

    pub(crate) fn client(&self, user: &str, database: &str) -> Client {
        let mut config = postgres::Config::new();
        config.host(&self.socket).port(self.port.parse().unwrap());
        config.user(user).password(&self.password).dbname(database).connect(NoTls).unwrap()
    }

    /// An address with the password.
    pub(crate) fn address(&self, text: &str) -> PostgresAddress {
        PostgresAddress::read(text).unwrap().with_password(Some(self.password.clone().into()))
    }
}

impl Database {
    /// A new one; `None` where there is no server.
    pub(crate) fn new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let lab = Lab::find()?;
        let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        lab.client("lab", "postgres").batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        Some(Self { name, lab })
    }

    pub(crate) fn lab(&self) -> &Lab {
        &self.lab
    }

    /// The address, over the server's socket.
    pub(crate) fn address(&self) -> PostgresAddress {
        let Lab { socket, port, .. } = &self.lab;
        self.lab.address(&format!("postgres://lab@/{}?host={socket}&port={port}", self.name))
    }

    pub(crate) fn place(&self, forest: &str) -> JournalPlace {
        JournalPlace::in_database(self.address(), forest)
    }

    /// What an administrator sees.
    pub(crate) fn client(&self) -> Client {
        self.lab.client("lab", &self.name)
    }

    /// The octets of every value in the tables of a forest.
    pub(crate) fn octets(&self, forest: &str) -> Vec<u8> {
        let mut client = self.client();
        let schema = format!("changes-{forest}");
        let sql = "SELECT table_name::TEXT, column_name::TEXT, data_type::TEXT FROM information_schema.columns WHERE table_schema = $1";
        let mut out = vec![];
        for row in client.query(sql, &[&schema]).unwrap() {
            let (table, column, ty): (String, String, String) = (row.get(0), row.get(1), row.get(2));
            let value = match ty.as_str() {
                "bytea" => column,
                _ => format!("convert_to({column}::TEXT, 'UTF8')"),
            };
            let sql = format!("SELECT {value} FROM \"{schema}\".{table}");
            for row in client.query(&sql, &[]).unwrap() {
                out.extend(row.get::<_, Option<Vec<u8>>>(0).unwrap_or_default());
            }
        }
        out
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        self.lab.client("lab", "postgres").batch_execute(&drop).unwrap();
    }
}
