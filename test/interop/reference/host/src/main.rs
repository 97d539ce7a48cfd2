//! A host written in Rust: loads the Python package that the request on stdin names, makes its calls, prints the answers.

use ed25519_dalek::VerifyingKey;
use fidius_core::python_descriptor::{PythonInterfaceDescriptor, PythonMethodDesc};
use fidius_host::{CallError, PluginHandle, PluginHost};
use futures::{executor::block_on, StreamExt};
use serde_json::{json, Value};

fn main() {
    let request: Value = serde_json::from_reader(std::io::stdin()).expect("the request is JSON");
    let answer = match load(&request) {
        Ok(plugin) => json!({ "results": list(&request, "calls").iter().map(|call| answer(&plugin, call)).collect::<Vec<_>>() }),
        Err(error) => json!({ "error": error }),
    };
    println!("{answer}");
}

fn load(request: &Value) -> Result<PluginHandle, String> {
    let keys: Vec<VerifyingKey> = list(request, "trustedKeys").iter().map(key).collect();
    PluginHost::builder()
        .search_path(text(request, "searchPath"))
        .require_signature(!keys.is_empty())
        .trusted_keys(&keys)
        .build()
        .and_then(|host| {
            let (name, interface) = (text(request, "package"), descriptor(&request["interface"]));
            match request.get("config") {
                Some(config) => host.load_python_configured(name, interface, config),
                None => host.load_python(name, interface),
            }
        })
        .map_err(|error| error.to_string())
}

/// The macro makes descriptors at compile time; this one lives as long as the program, too.
fn descriptor(interface: &Value) -> &'static PythonInterfaceDescriptor {
    let methods: Vec<PythonMethodDesc> = list(interface, "methods")
        .iter()
        .map(|method| PythonMethodDesc { name: leak(text(method, "name")), wire_raw: method["wireRaw"] == true })
        .collect();
    Box::leak(Box::new(PythonInterfaceDescriptor {
        interface_name: leak(text(interface, "name")),
        interface_hash: u64::from_str_radix(text(interface, "hash").trim_start_matches("0x"), 16).expect("a hash"),
        methods: methods.leak(),
    }))
}

fn answer(plugin: &PluginHandle, call: &Value) -> Value {
    let index = call["method"].as_u64().expect("the index of a method") as usize;
    if call["streamOut"] == true {
        return stream(plugin, index, call);
    }
    let arguments = &call["arguments"];
    let result = match (call.get("raw"), items(call)) {
        (Some(input), _) => plugin.call_method_raw(index, &bytes(input)).map(|output| json!({ "raw": hex(&output) })),
        (None, Some(items)) => plugin
            .call_client_streaming::<Value, Value, Value>(index, items, arguments)
            .map(|value| json!({ "value": value })),
        (None, None) => plugin.call_method::<Value, Value>(index, arguments).map(|value| json!({ "value": value })),
    };
    result.unwrap_or_else(failure)
}

/// The items of a result stream, at most as many as the call takes, and the error that ended it.
fn stream(plugin: &PluginHandle, index: usize, call: &Value) -> Value {
    let arguments = &call["arguments"];
    let most = call["take"].as_u64().unwrap_or(u64::MAX);
    let mut taken: Vec<Value> = Vec::new();
    let ended = block_on(async {
        let mut stream = match items(call) {
            Some(items) => plugin.call_bidi_streaming::<Value, Value, Value>(index, items, arguments).await?,
            None => plugin.call_streaming::<Value, Value>(index, arguments).await?,
        };
        while (taken.len() as u64) < most {
            match stream.next().await {
                Some(item) => taken.push(serde_json::to_value(item?).expect("an item that came as JSON")),
                None => break,
            }
        }
        Ok(())
    });
    json!({ "items": taken, "ended": ended.map_or_else(failure, |()| Value::Null) })
}

/// The source of an argument stream.
fn items(call: &Value) -> Option<Vec<Value>> {
    call["items"].as_array().cloned()
}

fn failure(error: CallError) -> Value {
    match error {
        CallError::Plugin(raised) => json!({ "raised": [raised.code, raised.message, raised.details_value()] }),
        other => json!({ "error": other.to_string() }),
    }
}

fn key(hex: &Value) -> VerifyingKey {
    VerifyingKey::from_bytes(&bytes(hex).try_into().expect("32 bytes")).expect("a public key")
}

fn list<'a>(object: &'a Value, name: &str) -> &'a [Value] {
    object[name].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_else(|| panic!("{name} is missing in the request"))
}

fn leak(text: &str) -> &'static str {
    Box::leak(text.to_string().into_boxed_str())
}

fn bytes(hex: &Value) -> Vec<u8> {
    let digits = hex.as_str().expect("bytes in hex");
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("a hex digit")).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
