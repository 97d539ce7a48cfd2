/** The manifest of a small Python package. */
export const pythonManifest = `[package]
name = "demo"
version = "1.0.0"
interface = "Greeter"
interface_version = 1
runtime = "python"

[metadata]

[python]
entry_module = "demo"
`;
