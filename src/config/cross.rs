//! Values that are allowed alone and impossible together.

use super::Config;
use super::WebhookEntry;
use super::problem::{Mark, Problem};
use super::web_origin::{self, WebOrigin};
use crate::sigma::book::Exclude;
use seerflow_pipeline::settings::ChannelWeights;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Component, Path, PathBuf};

/// A shorter key could be found by trying.
const REDACT_KEY_MIN: usize = 32;

/// Checks combinations; `marks` says where the values stand that the file sets.
pub fn check(
    config: &Config,
    marks: &BTreeMap<&'static str, Mark>,
    problems: &mut Vec<Problem>,
    warnings: &mut Vec<Problem>,
) {
    let at = |keys: &[&str]| keys.iter().find_map(|key| marks.get(key).copied());
    ports(config, &at, problems);
    webhooks(config, &at, warnings);
    followed_files(config, &at, problems);
    weights(config, &at, problems);
    excluded(config, &at, problems);
    let key = "engine.redact_key";
    let length = config.engine.redact_key.expose().chars().count();
    if length > 0 && length < REDACT_KEY_MIN {
        let message = format!("has {length} characters; allowed: {REDACT_KEY_MIN} or more");
        problems.push(Problem::new(at(&[key]), key, message));
    }
    let address = config.program.health_bind_address;
    if !address.is_loopback() {
        let key = "health_bind_address";
        let message = format!(
            "is {address}: nobody is asked for a password there, so `seerflow start` will not \
             listen on {address}:{}; only addresses of the loopback are taken",
            config.program.dashboard_port
        );
        warnings.push(Problem::new(at(&[key]), key, message));
    }
    for text in &config.program.api_allowed_origins {
        if WebOrigin::parse(text).is_none() {
            let key = "api_allowed_origins";
            let shown = seerflow_model::text::shorten(text, 80).into_owned();
            let message = format!("holds {shown:?}; allowed: {}", web_origin::ALLOWED);
            problems.push(Problem::new(at(&[key]), key, message));
        }
    }
    let receivers = &config.receivers;
    let reads = receivers.syslog_enabled
        || receivers.otlp_grpc_enabled
        || receivers.otlp_http_enabled
        || receivers.stdin_enabled
        || !receivers.file_paths.is_empty()
        || (receivers.webhook_enabled && !config.webhooks.is_empty());
    if !reads {
        let key = "receivers.syslog_enabled";
        let message = "is false, as are `otlp_grpc_enabled`, `otlp_http_enabled` and \
                       `stdin_enabled`, and `file_paths` is empty: `seerflow start` will have \
                       nothing to read";
        warnings.push(Problem::new(at(&[key]), key, message));
    }
}

/// Globs of rules that are none.
fn excluded(config: &Config, at: &dyn Fn(&[&str]) -> Option<Mark>, problems: &mut Vec<Problem>) {
    let key = "sigma.exclude";
    for text in &config.sigma.exclude {
        if let Err(message) = Exclude::new(text) {
            let shown = seerflow_model::text::shorten(text, 80).into_owned();
            let message = format!("holds {shown:?}, which is not a glob: {message}");
            problems.push(Problem::new(at(&[key]), key, message));
        }
    }
}

/// Channels that all weigh nothing would never say anything.
fn weights(config: &Config, at: &dyn Fn(&[&str]) -> Option<Mark>, problems: &mut Vec<Problem>) {
    let weights = crate::runtime::setup::weights(config);
    let silent = |all: &ChannelWeights| {
        all.content == 0.0 && all.volume == 0.0 && all.sequence == 0.0 && all.pattern == 0.0
    };
    if silent(&weights.usual) {
        let key = "detection.weights_content";
        let message = "is 0, and so are the weights of all other channels: nothing would be found";
        problems.push(Problem::new(at(&[key]), key, message));
    }
    for (name, _) in weights.of_entry.iter().filter(|(_, all)| silent(all)) {
        let message = format!("of the entry \"{name}\" leave no channel that weighs anything");
        problems.push(Problem::new(at(&["sources"]), "sources[].weights", message));
    }
}

/// Two listeners of one protocol on one address and port.
fn ports(config: &Config, at: &dyn Fn(&[&str]) -> Option<Mark>, problems: &mut Vec<Problem>) {
    let receivers = &config.receivers;
    let webhooks = receivers.webhook_enabled && !config.webhooks.is_empty();
    let bound = receivers.bind_addr;
    let listeners = [
        (
            "receivers.syslog_tcp_port",
            receivers.syslog_enabled && receivers.syslog_tcp_enabled,
            (bound, receivers.syslog_tcp_port),
        ),
        (
            "receivers.otlp_grpc_port",
            receivers.otlp_grpc_enabled,
            (bound, receivers.otlp_grpc_port),
        ),
        (
            "receivers.otlp_http_port",
            receivers.otlp_http_enabled,
            (bound, receivers.otlp_http_port),
        ),
        ("receivers.webhook_port", webhooks, (bound, receivers.webhook_port)),
        (
            "dashboard_port",
            true,
            (config.program.health_bind_address, config.program.dashboard_port),
        ),
    ];
    for (i, (key, used, (address, port))) in listeners.iter().enumerate() {
        let later = listeners.iter().skip(i + 1);
        for (other, also, (there, same)) in later {
            if *used && *also && *port != 0 && port == same && overlap(*address, *there) {
                let message = format!("is {port}, and so is {other}, on the same address");
                problems.push(Problem::new(at(&[key, other]), *key, message));
            }
        }
    }
}

/// Paths to which anybody on the network could post, and switches without an effect.
fn webhooks(config: &Config, at: &dyn Fn(&[&str]) -> Option<Mark>, warnings: &mut Vec<Problem>) {
    let receivers = &config.receivers;
    let mut warn = |key: &'static str, message: String| {
        warnings.push(Problem::new(at(&[key]), key, message));
    };
    let open = |hook: &&WebhookEntry| hook.token.is_none() && hook.hmac.is_none();
    if !receivers.webhook_enabled && !config.webhooks.is_empty() {
        let message = "is false: nothing listens on the paths of receivers.webhooks";
        warn("receivers.webhook_enabled", message.to_owned());
    } else if !receivers.bind_addr.is_loopback()
        && let Some(hook) = config.webhooks.iter().find(open)
    {
        let message = format!(
            "{} asks for neither auth_token nor hmac: whoever reaches {}:{} can write logs",
            hook.path, receivers.bind_addr, receivers.webhook_port
        );
        warn("receivers.webhooks", message);
    }
}

fn overlap(a: IpAddr, b: IpAddr) -> bool {
    a == b || a.is_unspecified() || b.is_unspecified()
}

/// A followed path that no allowed folder holds would never be opened.
fn followed_files(
    config: &Config,
    at: &dyn Fn(&[&str]) -> Option<Mark>,
    problems: &mut Vec<Problem>,
) {
    let roots = &config.receivers.allowed_log_roots;
    let refuse = |key: &'static str, message: String| Problem::new(at(&[key]), key, message);
    for pattern in &config.receivers.file_paths {
        let key = "receivers.file_paths";
        if let Err(error) = glob::Pattern::new(pattern) {
            problems.push(refuse(key, format!("\"{pattern}\" is not a glob: {}", error.msg)));
        }
        let fixed = fixed_part(pattern);
        if roots.is_empty() || fixed.is_relative() {
            continue;
        }
        let reachable = |root: &PathBuf| fixed.starts_with(root) || root.starts_with(&fixed);
        if !roots.iter().any(reachable) {
            let roots: Vec<_> = roots.iter().map(|root| root.display().to_string()).collect();
            let message = format!(
                "\"{pattern}\" lies in none of receivers.allowed_log_roots: {}",
                roots.join(", ")
            );
            problems.push(refuse(key, message));
        }
    }
    for root in roots.iter().filter(|root| root.is_relative()) {
        let message = format!("\"{}\" is relative; allowed: whole paths", root.display());
        problems.push(refuse("receivers.allowed_log_roots", message));
    }
}

/// The folders of a glob before its first wildcard.
fn fixed_part(pattern: &str) -> PathBuf {
    let wild = |part: &Component<'_>| part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
    Path::new(pattern).components().take_while(|part| !wild(part)).collect()
}

#[cfg(test)]
mod tests {
    use crate::config::{Environment, parse};

    fn refused(yaml: &str) -> String {
        parse(yaml, "f", &Environment::default()).unwrap_err().to_string()
    }

    fn warned(yaml: &str) -> Vec<String> {
        parse(yaml, "f", &Environment::default()).unwrap().1
    }

    #[test]
    fn one_port_for_two_listeners() {
        let text = refused("dashboard_port: 5514\n");
        assert!(text.contains("f:1:17: receivers.syslog_tcp_port: is 5514, and so is"), "{text}");
        assert!(warned("dashboard_port: 5514\nreceivers: {syslog_tcp_enabled: false}").is_empty());
        assert!(warned("dashboard_port: 5514\nreceivers: {bind_addr: 127.0.0.2}").is_empty());
        assert!(warned("dashboard_port: 0\nreceivers: {syslog_tcp_port: 0}").is_empty());
        refused("dashboard_port: 5514\nreceivers: {bind_addr: 0.0.0.0}");
        let text = refused("receivers: {webhook_port: 8080, webhooks: [{path: /a}]}");
        assert!(text.contains("webhook_port: is 8080, and so is dashboard_port"), "{text}");
        assert!(warned("receivers: {webhook_port: 8080}").is_empty());
        let text = refused("receivers: {otlp_http_port: 4317}");
        assert!(text.contains("receivers.otlp_grpc_port: is 4317, and so is receivers.otlp_http"));
        assert!(warned("receivers: {otlp_http_port: 4317, otlp_grpc_enabled: false}").is_empty());
    }

    #[test]
    fn files_outside_the_allowed_folders() {
        let text = refused(
            "receivers: {file_paths: [/var/log/*.log, /etc/*], allowed_log_roots: [/var/log]}",
        );
        assert!(text.contains("f:1:25: receivers.file_paths: \"/etc/*\" lies in none"), "{text}");
        let wide = "receivers: {file_paths: ['/var/**/x'], allowed_log_roots: [/var/log]}";
        assert!(warned(wide).is_empty());
        assert!(refused("receivers: {file_paths: ['/a[']}").contains("is not a glob"));
        assert!(refused("receivers: {allowed_log_roots: [logs]}").contains("is relative"));
    }

    #[test]
    fn what_is_excluded_must_be_a_glob() {
        let text = refused("sigma: {exclude: [web_*, 'a[']}");
        assert!(
            text.contains("f:1:18: sigma.exclude: holds \"a[\", which is not a glob"),
            "{text}"
        );
    }

    #[test]
    fn a_short_key_is_refused() {
        let text = refused("engine: {redact_key: hunter2}");
        assert!(text.contains("engine.redact_key: has 7 characters; allowed: 32"), "{text}");
        assert!(!text.contains("hunter2"));
    }

    #[test]
    fn an_open_door_is_told() {
        let warnings = warned("health_bind_address: 0.0.0.0");
        assert!(warnings[0].contains("will not listen on 0.0.0.0:8080"), "{warnings:?}");
        let text = refused("api_allowed_origins: ['https://a.example', '*']");
        assert!(text.contains("holds \"*\"; allowed: http://"), "{text}");
        assert!(warned("api_allowed_origins: ['https://a.example:8443']").is_empty());
        let none = "receivers: {syslog_enabled: false, otlp_grpc_enabled: false, otlp_http_enabled: \
                    false}";
        assert!(warned(none)[0].contains("nothing to read"));
        assert!(warned("receivers: {syslog_enabled: false}").is_empty());
        let open = warned("receivers: {bind_addr: 0.0.0.0, webhooks: [{path: /a}]}");
        assert!(open[0].contains("/a asks for neither auth_token nor hmac"), "{open:?}");
        let safe = "receivers: {bind_addr: 0.0.0.0, webhooks: [{hmac: {secret: x}}]}";
        assert!(warned(safe).is_empty());
        assert!(warned("receivers: {webhooks: [{path: /a}]}").is_empty());
        let off = warned("receivers: {webhook_enabled: false, webhooks: [{path: /a}]}");
        assert!(off[0].contains("nothing listens"), "{off:?}");
        // The example file says so, and it is the defaults.
        assert!(warned("receivers: {webhook_enabled: true}").is_empty());
    }
}
