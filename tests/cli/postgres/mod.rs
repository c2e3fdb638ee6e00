//! A change journal in PostgreSQL, on a real domain: kept by an agent, asked by the commands, and what happens when the database ends.
//! `tests/lab/postgres` starts the server, and `ADRECOVER_TEST_POSTGRES` names its state.

mod asked;
mod ended;
mod refused;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::support::{Run, Scene};

/// A database of its own.
struct Database {
    server: Server,
    name: String,
}

/// A server.
#[derive(Clone)]
struct Server {
    state: PathBuf,
    port: String,
    password: String,
}

impl Server {
    /// The one that is named; `None`, said with a word, where none is.
    fn find() -> Option<Self> {
        match std::env::var_os("ADRECOVER_TEST_POSTGRES") {
            Some(state) => Some(Self::at(Path::new(&state))),
            None => {
                eprintln!("skipped: ADRECOVER_TEST_POSTGRES names no server (tests/lab/postgres)");
                None
            }
        }
    }

    fn at(state: &Path) -> Self {
        let env = std::fs::read_to_string(state.join("env")).unwrap();
        let url = env.lines().find_map(|line| line.strip_prefix("LAB_POSTGRES='")).unwrap();
        let port = url.split("127.0.0.1:").nth(1).unwrap().split('/').next().unwrap().to_owned();
        let password = std::fs::read_to_string(state.join("password")).unwrap();
        Self { state: state.to_owned(), port, password }
    }

    /// Runs a statement as an administrator, and gives what it answers.
    fn sql(&self, database: &str, sql: &str) -> String {
        let run = Command::new("psql")
            .args([
                "-X",
                "-At",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                "127.0.0.1",
                "-p",
                &self.port,
                "-U",
                "lab",
                "-d",
                database,
                "-c",
                sql,
            ])
            .env("PGPASSWORD", &self.password)
            .output()
            .expect("psql is there: it comes with the server");
        assert!(run.status.success(), "{sql}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap().trim().to_owned()
    }
}

impl Database {
    fn new() -> Option<Self> {
        Server::find().map(Self::on)
    }

    fn on(server: Server) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("cli_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        server.sql("postgres", &format!("CREATE DATABASE {name}"));
        Self { server, name }
    }

    /// Its address, with TLS whose certificate is verified.
    fn address(&self) -> String {
        let (port, ca) = (&self.server.port, self.server.state.join("ca.pem"));
        format!(
            "postgres://lab@localhost:{port}/{}?sslmode=verify-full&sslrootcert={}",
            self.name,
            ca.display()
        )
    }

    /// A run of the program that keeps or asks the journal in it.
    fn run(&self, scene: &Scene, arguments: &[&str]) -> Run {
        let password = scene.secret_file("database-password", &self.server.password);
        scene
            .program()
            .args(arguments)
            .env("ADRECOVER_JOURNAL", self.address())
            .env("ADRECOVER_JOURNAL_PASSWORD_FILE", password)
            .env("STATE_DIRECTORY", scene.file("agent-state"))
    }

    fn sql(&self, sql: &str) -> String {
        self.server.sql(&self.name, sql)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.server.sql("postgres", &format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}
