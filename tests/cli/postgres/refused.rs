//! Passwords that do not belong where they are, servers that are not there, roles that may not.

use super::Database;
use crate::support::Scene;

const STATUS: [&str; 2] = ["agent", "status"];

#[test]
fn a_password_stands_in_no_address() {
    let (Some(scene), Some(database)) = (Scene::new(), Database::new()) else { return };
    let password = &database.server.password;
    scene.keep_secret(password);
    let address = database.address().replacen("lab@", &format!("lab:{password}@"), 1);
    let refused = |output: crate::support::Output| {
        output.exits(2).says("holds a password").says("--journal-password-file")
    };
    // As an argument, in the variable, in a profile: each is said to be wrong, and none is repeated.
    refused(scene.program().args(STATUS).env("ADRECOVER_JOURNAL", &address).run());
    let add = ["profile", "add", "bad", "--domain", "contoso.test"];
    let config = scene.file("config.toml");
    refused(
        scene.program().args(add).env("ADRECOVER_JOURNAL", &address).env("ADRECOVER_CONFIG", &config).run(),
    );
    assert!(!config.exists());
    // Over a network nothing goes in the clear.
    let clear = "postgres://lab@db.example/adrecover?sslmode=disable";
    scene.program().args(STATUS).args(["--journal", clear]).run().exits(2).says("unencrypted");
}

#[test]
fn what_the_database_says_is_said() {
    let (Some(scene), Some(database)) = (Scene::new(), Database::new()) else { return };
    let wrong = scene.secret_file("wrong-password", "not-the-password");
    let run = database.run(&scene, &STATUS).env("ADRECOVER_JOURNAL_PASSWORD_FILE", wrong);
    run.run().exits(11).says("password authentication failed").says("--journal-password-file");
    // None at all.
    let none = database.run(&scene, &STATUS).env_remove("ADRECOVER_JOURNAL_PASSWORD_FILE");
    none.run().exits(11);
    // As PostgreSQL's programs take it.
    let variable = database.run(&scene, &STATUS).env_remove("ADRECOVER_JOURNAL_PASSWORD_FILE");
    variable.env("PGPASSWORD", &database.server.password).run().exits(4);
    let line = format!("localhost:*:*:lab:{}\n", database.server.password);
    let pgpass = scene.secret_file(".pgpass", &line);
    let file =
        database.run(&scene, &STATUS).env_remove("ADRECOVER_JOURNAL_PASSWORD_FILE").env("PGPASSFILE", pgpass);
    file.run().exits(4);
    let nobody =
        database.run(&scene, &STATUS).env("ADRECOVER_JOURNAL", "postgres://lab@127.0.0.1:1/adrecover");
    nobody.run().exits(10).says("cannot be reached");
    let address = database.address();
    let unverified = format!("{}&sslrootcert=/nonexistent", address.split("&sslrootcert").next().unwrap());
    database.run(&scene, &STATUS).env("ADRECOVER_JOURNAL", unverified).run().exits(1).says("/nonexistent");
}

#[test]
fn a_unit_hands_the_password_over() {
    let (Some(scene), Some(database)) = (Scene::new(), Database::new()) else { return };
    let install = ["agent", "install", "--unit-file", "-"];
    let text = database.run(&scene, &install).run().exits(0).stdout;
    assert!(
        text.contains("\"--journal-password-file\"") && text.contains("\"%d/journal-password\""),
        "{text}"
    );
    assert!(
        text.contains("\nLoadCredential=journal-password:/") && text.contains("postgres://lab@localhost"),
        "{text}"
    );
    let limited = database.run(&scene, &install).args(["--max-size", "2G"]).run().exits(2);
    limited.says("tablespace");
}
