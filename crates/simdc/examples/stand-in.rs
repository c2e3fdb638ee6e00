//! Serves the example company on a loopback address, for tests: `stand-in --state FOLDER --address 127.0.54.1 [--recycle-bin]
//! [--bulk N] [--tree N] [--crowd N] [--any-port]`. Prints a line when it is ready, and runs until it is killed.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program of the tests, which has a clock"
)]

use std::collections::hash_map::RandomState;
use std::error::Error;
use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;
use std::path::PathBuf;

use adrecover_simdc::lab::Lab;
use adrecover_simdc::{Clock, Server, ServerOptions};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Options {
    state: PathBuf,
    address: IpAddr,
    recycle_bin: bool,
    bulk: u64,
    tree: usize,
    crowd: usize,
    ldaps: u16,
    ldap: u16,
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut options = Options {
        state: PathBuf::new(),
        address: [127, 0, 54, 1].into(),
        recycle_bin: false,
        bulk: 0,
        tree: 0,
        crowd: 0,
        ldaps: 636,
        ldap: 389,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--state" => options.state = value()?.into(),
            "--address" => options.address = value()?.parse()?,
            "--recycle-bin" => options.recycle_bin = true,
            "--bulk" => options.bulk = value()?.parse()?,
            "--tree" => options.tree = value()?.parse()?,
            "--crowd" => options.crowd = value()?.parse()?,
            // For who is not root.
            "--any-port" => (options.ldaps, options.ldap) = (0, 0),
            _ => return Err(format!("unknown: {word}").into()),
        }
    }
    Ok(options)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let clock = Clock::new(chrono::Utc::now);
    let random = RandomState::new();
    let mut count = 0u64;
    let next = || {
        count += 1;
        let mut hasher = random.build_hasher();
        hasher.write_u64(count);
        hasher.finish()
    };
    let mut lab = Lab::new(options.address, options.recycle_bin, clock, next)?;
    if options.bulk > 0 {
        let home = format!("OU=OnPremises,{}", lab.directory.domain());
        let parent = home.parse().ok().and_then(|dn| lab.directory.store.resolve(&dn));
        parent
            .and_then(|parent| lab.directory.add_bulk(options.bulk, parent))
            .ok_or("no place for the bulk")?;
    }
    let home = format!("OU=OnPremises,{}", lab.directory.domain());
    if options.tree > 0 {
        lab.directory.add_deleted_tree(&home, options.tree, 12).map_err(|failure| failure.to_string())?;
    }
    if options.crowd > 0 {
        lab.directory.add_crowd(&home, options.crowd).map_err(|failure| failure.to_string())?;
    }
    let server_options = ServerOptions {
        address: options.address,
        ldap: Some(options.ldap),
        ldaps: Some(options.ldaps),
        catalogue: Some(3268),
        catalogue_tls: Some(3269),
        tls: lab.files.certificates.config()?,
    };
    let server = Server::start(lab.directory, &server_options).await?;
    let ldaps = server.ldaps().ok_or("no port")?.port();
    lab.files.write(&options.state, ldaps)?;
    println!("ready");
    std::future::pending().await
}
