//! How fast exports are read, and how much memory they take: writes users as Graph gives them to a temporary file and reads it.
//!
//! `cargo run --release -p adrecover-hybrid --example evidence -- [USERS [TIMES]]` prints users a second and memory a user; with
//! TIMES the file is given so many times, and its users are put together. The memory is the process's peak on Linux, less
//! what it had before it read.

#![expect(clippy::print_stdout, reason = "it is a program that prints figures")]

use std::error::Error;
use std::io::{BufWriter, Write};
use std::time::Instant;

use adrecover_hybrid::evidence::Evidence;

/// One user with what the collector selects, of the length that such values have.
fn user(n: usize) -> String {
    let sid = 1104 + n;
    let licensed = n % 4;
    format!(
        r#"{{"id":"8d4e6b2a-1f3c-4a5b-9c7d-{n:012x}","displayName":"Firstname Lastname {n}","givenName":"Firstname","surname":"Lastname {n}","userPrincipalName":"firstname.lastname{n}@contoso.com","mail":"firstname.lastname{n}@contoso.com","mailNickname":"firstname.lastname{n}","proxyAddresses":["SMTP:firstname.lastname{n}@contoso.com","smtp:user{n}@contoso.mail.onmicrosoft.com","smtp:user{n}@fabrikam.com"],"otherMails":[],"accountEnabled":true,"userType":"Member","deletedDateTime":null,"createdDateTime":"2024-03-01T08:00:00Z","department":"Sales","jobTitle":"Account manager","companyName":"Contoso","officeLocation":"Building 7","city":"Bonn","country":"DE","usageLocation":"DE","mobilePhone":null,"businessPhones":["+49 228 {n:06}"],"onPremisesSyncEnabled":true,"onPremisesImmutableId":"KmtOjTwfW0qcfQEj{n:06}==","onPremisesObjectIdentifier":"8d4e6b2a-1f3c-4a5b-9c7d-{n:012x}","onPremisesSecurityIdentifier":"S-1-5-21-1004336348-1177238915-682003330-{sid}","onPremisesDistinguishedName":"CN=Firstname Lastname {n},OU=Users,OU=Germany,OU=CORP,DC=contoso,DC=com","onPremisesDomainName":"contoso.com","onPremisesSamAccountName":"user{n}","onPremisesUserPrincipalName":"firstname.lastname{n}@contoso.com","onPremisesLastSyncDateTime":"2026-11-01T09:30:00Z","onPremisesProvisioningErrors":[],"onPremisesExtensionAttributes":{{"extensionAttribute1":"x{licensed}","extensionAttribute2":null,"extensionAttribute3":null,"extensionAttribute4":null,"extensionAttribute5":null}},"assignedLicenses":[{{"disabledPlans":[],"skuId":"05e9a617-0261-4cee-bb44-138d3ef5d96{licensed}"}}],"licenseAssignmentStates":[{{"skuId":"05e9a617-0261-4cee-bb44-138d3ef5d96{licensed}","disabledPlans":[],"assignedByGroup":"11111111-1111-1111-1111-111111111111","state":"Active","error":"None","lastUpdatedDateTime":"2026-10-01T08:00:00Z"}}],"assignedPlans":[{{"assignedDateTime":"2026-10-01T08:00:00Z","capabilityStatus":"Enabled","service":"exchange","servicePlanId":"efb87545-963c-4e0d-99df-69c6916d9eb0"}},{{"assignedDateTime":"2026-10-01T08:00:00Z","capabilityStatus":"Enabled","service":"SharePoint","servicePlanId":"5dbe027f-2339-4123-9542-606e4d348a72"}}],"provisionedPlans":[{{"capabilityStatus":"Enabled","provisioningStatus":"Success","service":"exchange"}}]}}"#
    )
}

fn write(path: &std::path::Path, users: usize) -> std::io::Result<u64> {
    let mut out = BufWriter::new(std::fs::File::create(path)?);
    for page in 0..users.div_ceil(999) {
        let last = users.min((page + 1) * 999);
        let next = if last < users {
            r#","@odata.nextLink":"https://graph.microsoft.com/v1.0/users?$skiptoken=x""#
        } else {
            ""
        };
        write!(
            out,
            r#"{{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users"{next},"value":["#
        )?;
        for n in page * 999..last {
            write!(out, "{}{}", if n > page * 999 { "," } else { "" }, user(n))?;
        }
        writeln!(out, "]}}")?;
    }
    out.flush()?;
    Ok(std::fs::metadata(path)?.len())
}

/// A line of `/proc/self/status` in octets; 0 elsewhere than on Linux.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) * 1024
}

fn main() -> Result<(), Box<dyn Error>> {
    let users = std::env::args().nth(1).map_or(Ok(100_000), |n| n.parse())?;
    let times = std::env::args().nth(2).map_or(Ok(1), |n| n.parse())?;
    let file = tempfile::NamedTempFile::new()?;
    let octets = write(file.path(), users)?;
    let before = memory("VmRSS");
    let start = Instant::now();
    let evidence = Evidence::load(vec![file.path(); times])?;
    let took = start.elapsed();
    let (peak, after) = (memory("VmHWM").saturating_sub(before), memory("VmRSS").saturating_sub(before));
    let n = users.max(1) as u64;
    println!("{users} users, {} octets each in the file, read in {:.3} s", octets / n, took.as_secs_f64());
    println!("{:.0} users a second", users as f64 / took.as_secs_f64());
    println!("{} octets of memory a user at the peak, {} afterwards", peak / n, after / n);
    let start = Instant::now();
    let found = (0..users).filter(|n| {
        let name = format!("firstname.lastname{n}@contoso.com");
        evidence.users().by_upn(&name).only().is_some() && evidence.users().by_address(&name).only().is_some()
    });
    println!(
        "{} of {users} found by UPN and address in {:.3} s",
        found.count(),
        start.elapsed().as_secs_f64()
    );
    Ok(())
}
