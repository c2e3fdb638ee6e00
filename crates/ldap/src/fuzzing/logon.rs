//! What comes before and below LDAP: the ping of the DC locator, the SASL bind and its security layer.

use tokio::io::AsyncReadExt;

use crate::sasl::testing::Toy;
use crate::sasl::{Failed, Protection, Sealed, authenticate};

/// An answer to the ping.
pub fn netlogon(data: &[u8]) {
    if let Ok(pong) = crate::locate::read_pong(data) {
        for name in [&pong.host, &pong.domain, &pong.forest, &pong.site, &pong.client_site] {
            // Octets that are no text become three octets each.
            assert!(name.len() <= 3 * 255);
        }
    }
}

/// A server that answers the bind with these octets, and the rest of them as what follows it.
pub fn sasl(data: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        // One octet at a time, so that an answer ends where the next begins.
        let mut stream = tokio::io::join(OneByOne(data), tokio::io::sink());
        match authenticate(&mut stream, Box::new(Toy::default()), false).await {
            Ok((_, Protection::Tls)) => unreachable!("there is no TLS"),
            Ok((context, Protection::Sealed { max_frame })) => {
                let Ok(mut sealed) = Sealed::new(stream, context, max_frame) else { return };
                let mut clear = vec![];
                // Any end will do.
                let _ = sealed.read_to_end(&mut clear).await;
                assert!(clear.len() <= data.len());
            }
            Err(Failed::Malformed(problem)) => assert!(!problem.is_empty()),
            Err(_) => {}
        }
    });
}

/// The security layer alone.
pub fn sealed(data: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let stream = tokio::io::join(data, tokio::io::sink());
        let mut sealed = Sealed::new(stream, Box::new(Toy { steps: 2 }), 4096).expect("a layer");
        let mut clear = vec![];
        let _ = sealed.read_to_end(&mut clear).await;
        assert!(clear.len() <= data.len());
    });
}

struct OneByOne<'a>(&'a [u8]);

impl tokio::io::AsyncRead for OneByOne<'_> {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        into: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        if let Some((first, rest)) = self.0.split_first() {
            into.put_slice(&[*first]);
            self.0 = rest;
        }
        std::task::Poll::Ready(Ok(()))
    }
}
