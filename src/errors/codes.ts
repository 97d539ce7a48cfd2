/**
 * Every code the library can raise, with the sentence that `docs/reference/errors.md` prints for it.
 *
 * A code is public: it is never renamed, and its meaning never changes. One that is no longer raised moves to
 * {@link retiredCodes}, so that its name is not used again. Keep each section sorted by code.
 */
export const errorCodes = {
  // misuse of the API
  FIDIUS_ARGUMENT_INVALID: 'A function of this library was called with an argument of the wrong type or range.',
  FIDIUS_CONFIG_INVALID:
    'The configuration of a plugin does not have the type that its interface declares, or is missing.',
  FIDIUS_CONFIG_REFUSED:
    'The plugin did not accept its configuration: `__fidius_configure__()` raised, or returned nothing.',
  FIDIUS_CONFIG_UNSUPPORTED: 'The plugin cannot be configured: it has no `__fidius_configure__()`.',
  FIDIUS_NODE_UNSUPPORTED: 'The version of Node.js is older than the oldest supported one.',
  FIDIUS_OPTION_INVALID: 'An option has a value of the wrong type or out of range.',
  FIDIUS_OPTION_UNKNOWN: 'The function has no option of this name. The message suggests the nearest name.',

  // contract: interfaces, types, stubs
  FIDIUS_INTERFACE_INVALID: 'An interface, a method or a type was defined in a way that breaks a rule of the contract.',

  // values that cross to and from Python
  FIDIUS_VALUE_ARGUMENT:
    'An argument cannot be converted to Python: it has no exact counterpart, or does not match the declared type.',
  FIDIUS_VALUE_CYCLE: 'A value contains itself and therefore cannot be encoded.',
  FIDIUS_VALUE_JSON: 'A value has no form in JSON, or JSON does not have the form of the declared type.',
  FIDIUS_VALUE_RESULT: 'A Python result cannot be converted to JavaScript, or does not match the declared type.',
  FIDIUS_WIRE_CORRUPT: 'The data is not a valid encoded value or message. It was rejected without being decoded.',

  // packages: manifest, digest, signature, archive, store
  FIDIUS_ARCHIVE_CORRUPT: 'The archive is damaged, truncated, or not a bzip2-compressed tar file.',
  FIDIUS_ARCHIVE_ENTRY_TYPE:
    'The archive contains a device, a pipe or another entry that is neither a file nor a folder.',
  FIDIUS_ARCHIVE_HARD_LINK: 'The archive contains a hard link.',
  FIDIUS_ARCHIVE_LAYOUT: 'The archive does not contain exactly one folder with a `package.toml` in it.',
  FIDIUS_ARCHIVE_OCCUPIED: 'The destination folder of the archive exists and does not contain a package of that name.',
  FIDIUS_ARCHIVE_OUTPUT_INSIDE: 'The archive would be written into the package that it is made from.',
  FIDIUS_ARCHIVE_PATH_ABSOLUTE: 'The archive contains an entry with an absolute path.',
  FIDIUS_ARCHIVE_PATH_DUPLICATE:
    'Two entries of the archive have the same path, or paths that are the same file on some systems.',
  FIDIUS_ARCHIVE_PATH_INVALID:
    'The archive contains an entry whose path is empty, too long, not UTF-8, or invalid on some systems.',
  FIDIUS_ARCHIVE_PATH_TRAVERSAL: 'The archive contains an entry whose path leads to a parent folder (`..`).',
  FIDIUS_ARCHIVE_SYMLINK: 'The archive contains a symbolic link.',
  FIDIUS_ARCHIVE_TOO_LARGE:
    'The files of the archive exceed the size limit, or the limit on the ratio to the size of the archive.',
  FIDIUS_ARCHIVE_TOO_MANY_ENTRIES: 'The archive has more entries than allowed.',
  FIDIUS_ARCHIVE_UNREADABLE: 'The archive cannot be opened or read.',
  FIDIUS_ARCHIVE_UNWRITABLE: 'The archive or its unpacked files cannot be written.',
  FIDIUS_KEY_EXISTS: 'A key file of this name exists. It was not overwritten.',
  FIDIUS_KEY_INVALID: 'The key is not a valid Ed25519 key of the required kind, or is a weak key.',
  FIDIUS_KEY_UNREADABLE: 'A key file cannot be read.',
  FIDIUS_KEY_UNSAFE: 'Other users can read or replace the file of a secret key.',
  FIDIUS_KEY_UNWRITABLE: 'A key file cannot be written.',
  FIDIUS_MANIFEST_INVALID:
    'The manifest is valid TOML, but its runtime is unknown, or its sections do not match the runtime.',
  FIDIUS_MANIFEST_NOT_FOUND: 'The folder does not contain a `package.toml`.',
  FIDIUS_MANIFEST_PARSE: 'The manifest is not valid TOML, or a field is missing or of the wrong type.',
  FIDIUS_MANIFEST_UNREADABLE: 'The manifest exists but cannot be read as UTF-8 text.',
  FIDIUS_PACKAGE_BYTE_CODE: 'The package contains `__pycache__` folders. They must not be signed or shipped.',
  FIDIUS_PACKAGE_CHANGED: 'A file of the package changed while it was being read.',
  FIDIUS_PACKAGE_COMPONENT: 'A WebAssembly package lacks a file that its manifest names, such as the component.',
  FIDIUS_PACKAGE_FILE_NAME:
    'A file name in the package is not UTF-8, or has a character that other systems cannot unpack.',
  FIDIUS_PACKAGE_FILE_TYPE:
    'The package contains a socket, a pipe or a device. Only files, folders and links can be shipped.',
  FIDIUS_PACKAGE_LEFTOVER:
    'The package contains the temporary folder of an interrupted run, which would be signed and shipped.',
  FIDIUS_PACKAGE_LINK_BROKEN: 'The target of a symbolic link in the package does not exist.',
  FIDIUS_PACKAGE_LINK_CYCLE:
    'A symbolic link in the package points to one of its parent folders, so the file tree is infinite.',
  FIDIUS_PACKAGE_LINK_ESCAPES: 'A symbolic link in the package points outside the package.',
  FIDIUS_PACKAGE_NAME: 'The name, version or extension of the package cannot be used in a file name.',
  FIDIUS_PACKAGE_OLDER: 'The package has a lower version than a package of this name that was loaded before.',
  FIDIUS_PACKAGE_PYTHON: 'The package requires another version of Python than the one that would run it.',
  FIDIUS_PACKAGE_TOO_LARGE: 'The package has more entries than the library lists.',
  FIDIUS_PACKAGE_UNEXPECTED: 'The package does not have the expected name or version.',
  FIDIUS_PACKAGE_UNREADABLE: 'The folder of the package, or a file in it, cannot be read.',
  FIDIUS_SIGNATURE_INVALID:
    'The signature of the package matches none of the trusted keys: another key made it, or files changed.',
  FIDIUS_SIGNATURE_KEY_EXPIRED:
    'The signature is genuine, but its key is no longer trusted: the end date of the key has passed.',
  FIDIUS_SIGNATURE_KEY_REVOKED: 'The signature is genuine, but its key was revoked.',
  FIDIUS_SIGNATURE_KEY_SCOPE: 'The signature is genuine, but its key is not trusted for packages of this name.',
  FIDIUS_SIGNATURE_MISSING: 'A signature is required, and the package has none.',
  FIDIUS_SIGNATURE_STALE: 'The package was changed after it was signed, so an invalid signature would be shipped.',
  FIDIUS_SIGNATURE_UNWRITABLE: 'The signature cannot be written into the package.',
  FIDIUS_STORE_DAMAGED: 'The record of earlier loads in the package store cannot be read.',
  FIDIUS_STORE_UNSAFE: 'The package store belongs to another user, or other users can write to it.',
  FIDIUS_STORE_UNWRITABLE: 'The package store cannot be created or written to.',
  FIDIUS_TRUST_INVALID: 'The file or folder of trusted keys has invalid contents.',
  FIDIUS_TRUST_UNREADABLE: 'The file or folder of trusted keys cannot be read.',
  FIDIUS_TRUST_UNSAFE: 'Another user can change or replace the trust store.',
  FIDIUS_VENDOR_BUILD:
    'A dependency is not a wheel. It would have to be built, which runs code of its author, and builds are not allowed.',
  FIDIUS_VENDOR_FAILED:
    'Dependencies could not be vendored: pip or uv failed, or did not install the requirements. The package is unchanged.',
  FIDIUS_VENDOR_MISMATCH: 'Vendored code of the package was built for another Python version or another system.',
  FIDIUS_VENDOR_NO_INSTALLER:
    'Dependencies cannot be vendored: neither uv nor a Python with pip was found, or the version is too old.',
  FIDIUS_VENDOR_REQUIREMENTS:
    'The requirements file is outside the package, cannot be read, or contains a line that is not accepted.',

  // finding and starting CPython
  FIDIUS_GIL_ASYNC_BODY:
    'The callback of `Gil.hold()` returned a promise. The lock would be released before the promise settled.',
  FIDIUS_KOFFI_CONFIGURED:
    'The application used koffi before this library, with stacks too small for Python. koffi sets their size only once.',
  FIDIUS_LIBPYTHON_ARCHITECTURE:
    'The shared library of Python was built for another processor or operating system than this Node.js.',
  FIDIUS_LIBPYTHON_INVALID: 'The configured file is not a shared library of Python, or is damaged.',
  FIDIUS_LIBPYTHON_NOT_FOUND: 'The configured path of the shared library of Python does not exist.',
  FIDIUS_PYTHON_FAILED_EARLIER:
    'CPython failed to start earlier in this process (see `cause`) and cannot be started a second time.',
  FIDIUS_PYTHON_INCOMPLETE: 'A shared library of Python was found, but its standard library was not.',
  FIDIUS_PYTHON_NOT_FOUND: 'No CPython was found. The message lists the places that were searched.',
  FIDIUS_PYTHON_NO_ANSWER:
    'The interpreter failed, did not exit, or printed something unexpected when it was run to report its version.',
  FIDIUS_PYTHON_NOT_ISOLATED:
    'Python already runs in this process, with code of the user or of the current folder, and a host requires isolation.',
  FIDIUS_PYTHON_OTHER_VERSION:
    'Another version of this library has started Python in this process. Versions cannot share an interpreter.',
  FIDIUS_PYTHON_PERMISSION:
    'This process was started without a permission that Python needs. The message names the flag.',
  FIDIUS_PYTHON_SECOND: 'This process already runs another CPython library. A second one would corrupt both.',
  FIDIUS_PYTHON_STACK:
    'CPython 3.14 and later need the bounds of the stack of the thread, which cannot be determined on this platform.',
  FIDIUS_PYTHON_START_FAILED: 'CPython failed to start. The message includes its reason.',
  FIDIUS_PYTHON_STATIC: 'The CPython that was found has no shared library, so it cannot be loaded into this process.',
  FIDIUS_PYTHON_STOPPED: 'Python was called after it had ended together with its thread or the process.',
  FIDIUS_PYTHON_UNSAFE: 'Another user could have created the folder `.venv` in the current folder.',
  FIDIUS_PYTHON_UNSUPPORTED:
    'The Python that was found is too old, is not CPython, or was built without the global interpreter lock.',
  FIDIUS_RUNTIME_MISSING:
    'The Python files of this library are not next to its JavaScript: a bundler moved the JavaScript into another file.',

  // loading a package
  FIDIUS_PLUGIN_NOT_FOUND: 'The search paths of the host contain no package of this name.',
  FIDIUS_PLUGIN_VERSION: 'Packages of this name were found, but none has a version in the requested range.',
  FIDIUS_LOAD_ABORTED: 'Loading was cancelled because its signal was aborted. `cause` is the reason of the signal.',
  FIDIUS_LOAD_TIMEOUT: 'Loading timed out. The usual cause is a module that blocks while it is imported.',
  FIDIUS_ENTRY_MODULE_FOREIGN:
    'Python found the entry module outside the package: the standard library or another package has a module of this name.',
  FIDIUS_ENTRY_MODULE_INVALID: 'The name of the entry module is not a dotted Python module name.',
  FIDIUS_ENTRY_MODULE_NOT_FOUND: 'The package does not contain the entry module that its manifest names.',
  FIDIUS_IMPORT_EXTERNAL:
    'The package imported a module from outside the package, the standard library and the Python environment.',
  FIDIUS_IMPORT_FAILED: 'The entry module raised an exception while it was imported. `cause` is this exception.',
  FIDIUS_HOST_FUNCTIONS_ABSENT: 'A plugin called a host function that the load of the plugin does not provide.',
  FIDIUS_HOST_INTERFACE_MISMATCH:
    'A module of the package was written for another version or hash of a host interface than the host provides.',
  FIDIUS_INTERFACE_HASH_INVALID: "The module's `__interface_hash__` is not an integer from 0 to 2^64 - 1.",
  FIDIUS_INTERFACE_HASH_MISMATCH:
    'The package was written for another version of the interface than the host requires.',
  FIDIUS_INTERFACE_HASH_MISSING: 'The entry module does not declare which interface it implements.',
  FIDIUS_INTERFACE_NAME_MISMATCH: 'The manifest names another interface than the host requires.',
  FIDIUS_INTERFACE_VERSION_MISMATCH: 'The manifest names another version of the interface than the host requires.',
  FIDIUS_METHOD_MISSING: 'The entry module lacks a method that the interface requires.',
  FIDIUS_METHOD_NOT_CALLABLE: 'The entry module has an attribute with the name of a method, but it is not callable.',
  FIDIUS_MODULE_COLLISION:
    'One name refers to different modules: of two packages, of a package and the environment or the standard library, or of a package and an older compiled copy.',
  FIDIUS_RUNTIME_NOT_PYTHON: 'The package is not a Python plugin.',
  FIDIUS_SEARCH_PATH: 'Python code replaced `sys.path` by an object that is not a list, so packages cannot be found.',
  FIDIUS_SEARCH_PATH_UNREADABLE:
    'A search path of the host exists but cannot be listed. The usual cause is a path that is not a folder.',

  // calls
  FIDIUS_CALL_ABORTED: 'A call was cancelled because its signal was aborted. `cause` is the reason of the signal.',
  FIDIUS_CALL_INDEX: 'A method was called by an index that the interface does not have.',
  FIDIUS_CALL_NOT_SUPPORTED: 'The plugin does not implement this optional method.',
  FIDIUS_CALL_REENTRANT:
    'A host function called the plugin that called it in a way that would never end: too deep, or on the thread that waits.',
  FIDIUS_CALL_STREAM: 'A method was called in another way than its streams allow, or a stream was iterated twice.',
  FIDIUS_CALL_SYNC:
    'The plugin or the method cannot be called on this thread: the plugin runs on its own thread or in another process, or the method is an `async def`.',
  FIDIUS_CALL_SYNC_TIMEOUT:
    'A call on this thread has a time limit that cannot be enforced here. The message names what is missing.',
  FIDIUS_CALL_TIMEOUT: 'A call timed out.',
  FIDIUS_CALL_WIRE_MODE: 'A raw method was called as a typed one, or a typed one as raw.',

  // executors and hosts
  FIDIUS_EXECUTOR_FAILED: 'The executor ended unexpectedly. All running calls have failed, and new calls are rejected.',
  FIDIUS_EXECUTOR_UNKNOWN: 'There is no executor of this name.',
  FIDIUS_EXECUTOR_UNSUPPORTED: 'This executor is not available on this platform.',
  FIDIUS_HOST_CLOSED: 'The host was closed. It can no longer load plugins or run calls.',
  FIDIUS_PLUGIN_CLOSED: 'The plugin was closed. Its methods can no longer be called.',
  FIDIUS_POOL_STUCK:
    'Every thread is occupied by a call that was cancelled or timed out but cannot be stopped, so no other call can run.',
  FIDIUS_PROCESS_EXITED:
    'The process of the plugin ended, or its connection was lost. The error has the exit code or signal and the last lines of stderr.',
  FIDIUS_PROCESS_FAILED:
    'The process of the plugin crashed too often, or the plugin cannot be loaded again, so it is not started again. See `cause`.',
  FIDIUS_PROCESS_POISONED:
    'The call was not sent, because the process of the plugin has ended repeatedly while the same call with the same arguments was in flight. See `cause`.',
  FIDIUS_PROCESS_RESTARTING:
    'The process of the plugin is being started again, and calls do not wait for it (`whileRestarting`). The call was not sent.',
  FIDIUS_PROCESS_START_FAILED: 'The process of the plugin could not be created, or ended before it was ready.',
  FIDIUS_PROCESS_TERMINATED: 'The host ended the process of the plugin, because another call in it did not stop.',
  FIDIUS_QUEUE_FULL: 'The queue of the plugin is full: the number of waiting calls has reached its limit.',

  // MCP
  FIDIUS_MCPB_UNSUPPORTED: 'The package has a part that an MCP bundle cannot hold. The message names it.',
  FIDIUS_MCP_ADDRESS: 'The MCP server cannot listen on the address. The usual cause is a port that is in use.',
  FIDIUS_MCP_CONNECTION: 'The connection to the MCP client was closed, because a message was invalid or too large.',
  FIDIUS_MCP_SDK_MISSING: 'MCP needs the package `@modelcontextprotocol/sdk`, which is not installed.',
  FIDIUS_MCP_TOO_MANY_ITEMS: 'A stream has more items than the MCP server collects for one result.',

  // command line
  FIDIUS_CLI_ANNOTATIONS:
    'Annotations of a Python module have no counterpart in an interface. The message names each of them with file and line.',
  FIDIUS_CLI_DRIFT: 'A Python module and an interface, or the hash that the module declares, do not match any more.',
  FIDIUS_CLI_FOLDER: 'A folder named on the command line does not exist.',
  FIDIUS_CLI_INTERFACE: 'A module exports no interface, not the requested one, or several when none was selected.',
  FIDIUS_CLI_METHOD: 'The interface has no method of the name given on the command line.',
  FIDIUS_CLI_MODULE: 'A module named on the command line cannot be imported.',
  FIDIUS_CLI_OUTPUT: 'The output file of a command exists already or cannot be written.',
  FIDIUS_CLI_USAGE: 'The command line is invalid: an unknown command or option, or a missing argument.',
} as const satisfies Record<`FIDIUS_${string}`, string>;

/** The code of an error: a key of {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes;

/** Codes that were raised by an earlier release. Their names are not used again. */
export const retiredCodes: readonly string[] = [];
