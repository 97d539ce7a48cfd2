/**
 * Every code the library can raise, with the sentence that `docs/reference/errors.md` prints for it.
 *
 * A code is public: it is never renamed and never comes to mean something else. One that is no longer raised moves to
 * {@link retiredCodes}, so that nobody gives the name a second life. Keep each section sorted by code.
 */
export const errorCodes = {
  // misuse of the API
  FIDIUS_ARGUMENT_INVALID: 'A function of this library was called with an argument of the wrong type or range.',
  FIDIUS_OPTION_INVALID: 'An option has a value of the wrong type or out of range.',
  FIDIUS_OPTION_UNKNOWN: 'An option was passed that the function does not have; the message suggests the nearest name.',

  // contract: interfaces, types, stubs
  FIDIUS_INTERFACE_INVALID: 'An interface, a method or a type was defined in a way that breaks a rule of the contract.',

  // values that cross to and from Python
  FIDIUS_VALUE_ARGUMENT:
    'An argument cannot cross to Python: it has no exact counterpart, or does not fit the declared type.',
  FIDIUS_VALUE_CYCLE: 'A value contains itself and therefore has no finite form to send.',
  FIDIUS_VALUE_RESULT: 'What Python returned cannot cross to JavaScript, or does not fit the declared type.',
  FIDIUS_WIRE_CORRUPT: 'Bytes that should hold an encoded value or a message do not; they were refused unread.',

  // packages: manifest, digest, signature, archive, store
  FIDIUS_ARCHIVE_CORRUPT: 'The archive is damaged, cut off, or no bzip2-compressed tar file at all.',
  FIDIUS_ARCHIVE_ENTRY_TYPE:
    'The archive holds a device, a pipe or something else that is neither a file nor a folder.',
  FIDIUS_ARCHIVE_HARD_LINK: 'The archive holds a hard link.',
  FIDIUS_ARCHIVE_LAYOUT: 'The archive does not hold exactly one folder with a `package.toml` in it.',
  FIDIUS_ARCHIVE_OCCUPIED:
    'The folder that an archive would be unpacked to exists, and does not hold a package of that name.',
  FIDIUS_ARCHIVE_OUTPUT_INSIDE: 'The archive would be written into the package that it is made from.',
  FIDIUS_ARCHIVE_PATH_ABSOLUTE: 'The archive holds an entry with an absolute path.',
  FIDIUS_ARCHIVE_PATH_DUPLICATE: 'Two entries of the archive would be the same file, at least on some systems.',
  FIDIUS_ARCHIVE_PATH_INVALID:
    'The archive holds an entry whose path is empty, too long, not UTF-8, or impossible on some system.',
  FIDIUS_ARCHIVE_PATH_TRAVERSAL: 'The archive holds an entry whose path leads upwards by `..`.',
  FIDIUS_ARCHIVE_SYMLINK: 'The archive holds a symbolic link.',
  FIDIUS_ARCHIVE_TOO_LARGE: 'The files of the archive exceed the limit on their size, or on the ratio to its own size.',
  FIDIUS_ARCHIVE_TOO_MANY_ENTRIES: 'The archive has more entries than allowed.',
  FIDIUS_ARCHIVE_UNREADABLE: 'The archive cannot be opened or read.',
  FIDIUS_ARCHIVE_UNWRITABLE: 'The archive, or what is unpacked from it, cannot be written.',
  FIDIUS_KEY_EXISTS: 'A key file of this name exists; it was not overwritten.',
  FIDIUS_KEY_INVALID: 'What was given as a key is no Ed25519 key of the kind that is needed, or a worthless one.',
  FIDIUS_KEY_UNREADABLE: 'A key file cannot be read.',
  FIDIUS_KEY_UNSAFE: 'Other users can read the file of a secret key, or could put another one in its place.',
  FIDIUS_KEY_UNWRITABLE: 'A key file cannot be written.',
  FIDIUS_MANIFEST_INVALID: 'The manifest parses, but its runtime and its sections do not belong together.',
  FIDIUS_MANIFEST_NOT_FOUND: 'The folder holds no `package.toml`.',
  FIDIUS_MANIFEST_PARSE: 'The manifest is not valid TOML, or a field is missing or of the wrong type.',
  FIDIUS_MANIFEST_UNREADABLE: 'The manifest exists but cannot be read as UTF-8 text.',
  FIDIUS_PACKAGE_BYTE_CODE:
    'The package holds `__pycache__` folders, which do not belong into what is signed or shipped.',
  FIDIUS_PACKAGE_CHANGED: 'A file of the package changed while it was being read.',
  FIDIUS_PACKAGE_COMPONENT: 'A WebAssembly package lacks a file that its manifest names, such as the component.',
  FIDIUS_PACKAGE_FILE_NAME:
    'A file name in the package is not UTF-8, or has a character that no other system could unpack.',
  FIDIUS_PACKAGE_FILE_TYPE:
    'The package holds a socket, a pipe or a device; only files, folders and links can be shipped.',
  FIDIUS_PACKAGE_LEFTOVER:
    'The package holds the private folder of an interrupted run; it would be signed and shipped as a part of it.',
  FIDIUS_PACKAGE_LINK_BROKEN: 'A symbolic link in the package leads nowhere.',
  FIDIUS_PACKAGE_LINK_CYCLE: 'A symbolic link in the package leads to a folder around it, so that its tree has no end.',
  FIDIUS_PACKAGE_LINK_ESCAPES: 'A symbolic link in the package leads out of it.',
  FIDIUS_PACKAGE_NAME: 'The name, version or extension of the package cannot be part of a file name.',
  FIDIUS_PACKAGE_OLDER: 'A package has a lower version than one of its name that was loaded before.',
  FIDIUS_PACKAGE_TOO_LARGE: 'The package has more entries than the library is ready to list.',
  FIDIUS_PACKAGE_UNEXPECTED: 'The package has another name or version than it was expected to have.',
  FIDIUS_PACKAGE_UNREADABLE: 'The folder of the package, or something in it, cannot be read.',
  FIDIUS_SIGNATURE_INVALID:
    'The signature of the package fits none of the trusted keys: another key made it, or files changed.',
  FIDIUS_SIGNATURE_KEY_EXPIRED: 'The signature is genuine, but the trust in its key has ended.',
  FIDIUS_SIGNATURE_KEY_REVOKED: 'The signature is genuine, but its key was revoked.',
  FIDIUS_SIGNATURE_KEY_SCOPE: 'The package was signed with a trusted key that may not sign packages of this name.',
  FIDIUS_SIGNATURE_MISSING: 'The package has no signature, and one is required.',
  FIDIUS_SIGNATURE_STALE: 'The package was changed after it was signed, so its signature would be shipped invalid.',
  FIDIUS_SIGNATURE_UNWRITABLE: 'The signature cannot be written into the package.',
  FIDIUS_STORE_DAMAGED: 'What the package store remembers of earlier loads cannot be read.',
  FIDIUS_STORE_UNSAFE: 'The package store belongs to another user, or other users may write to it.',
  FIDIUS_STORE_UNWRITABLE: 'The package store cannot be created or written to.',
  FIDIUS_TRUST_INVALID: 'The file or folder of trusted keys contains something that cannot be used.',
  FIDIUS_TRUST_UNREADABLE: 'The file or folder of trusted keys cannot be read.',
  FIDIUS_TRUST_UNSAFE: 'Another user could change the trust store, or put another one in its place.',
  FIDIUS_VENDOR_BUILD:
    'A dependency is not a wheel. It would have to be built, which runs code of its author, and builds are not allowed.',
  FIDIUS_VENDOR_FAILED:
    'Dependencies could not be vendored: pip or uv failed, or did not install what was asked for. The package is as it was.',
  FIDIUS_VENDOR_MISMATCH: 'Vendored code of the package was built for another Python or another system than this one.',
  FIDIUS_VENDOR_NO_INSTALLER:
    'Dependencies cannot be vendored: neither uv nor a Python with pip was found, or the version is too old.',
  FIDIUS_VENDOR_REQUIREMENTS:
    'The requirements file lies outside the package, cannot be read, or contains a line that is not accepted.',

  // finding and starting CPython
  FIDIUS_GIL_ASYNC_BODY: 'The body of `Gil.hold()` returned a promise; the lock would be given back before it settled.',
  FIDIUS_KOFFI_CONFIGURED:
    'The application used koffi before this library, with too little stack for Python; it can only be sized once.',
  FIDIUS_LIBPYTHON_ARCHITECTURE:
    'The shared library of Python was built for another processor or operating system than this Node.js.',
  FIDIUS_LIBPYTHON_INVALID: 'The file named as the shared library of Python is something else, or is damaged.',
  FIDIUS_LIBPYTHON_NOT_FOUND: 'There is no file where the shared library of Python was said to be.',
  FIDIUS_PYTHON_FAILED_EARLIER:
    'CPython failed to start earlier in this process (see `cause`) and cannot be started a second time.',
  FIDIUS_PYTHON_INCOMPLETE: 'A shared library of Python was found, but not the standard library that belongs to it.',
  FIDIUS_PYTHON_NOT_FOUND: 'None of the places that were searched holds a CPython; the message lists them.',
  FIDIUS_PYTHON_NO_ANSWER: 'An interpreter failed, hung, or answered something else when it was asked for its version.',
  FIDIUS_PYTHON_OTHER_VERSION:
    'Another version of this library has started Python in this process, and versions cannot share it.',
  FIDIUS_PYTHON_PERMISSION:
    'This process was started without the permission that Python needs; the message names the flag.',
  FIDIUS_PYTHON_SECOND: 'This process already runs another CPython library; a second one would corrupt both.',
  FIDIUS_PYTHON_STACK:
    'CPython 3.14 or newer needs to know the stack it runs on, and on this platform that cannot be found out.',
  FIDIUS_PYTHON_START_FAILED: 'CPython refused to start; the message repeats its reason.',
  FIDIUS_PYTHON_STATIC: 'The CPython that was found has no shared library, so it cannot be loaded into this process.',
  FIDIUS_PYTHON_STOPPED: 'Python has ended together with the thread or the process, and was called after that.',
  FIDIUS_PYTHON_UNSAFE: 'The folder `.venv` in the current folder could have been put there by another user.',
  FIDIUS_PYTHON_UNSUPPORTED:
    'The Python that was found is too old, is not CPython, or was built without the global interpreter lock.',
  FIDIUS_RUNTIME_MISSING:
    'The Python files of this library are not beside its JavaScript: a bundler has taken that into another file.',

  // loading a package
  FIDIUS_PLUGIN_NOT_FOUND: 'No package in the search paths of the host has this name.',
  FIDIUS_PLUGIN_VERSION: 'Packages of this name were found, none of them of a version in the range asked for.',
  FIDIUS_LOAD_ABORTED: 'Loading was given up because its signal was aborted; `cause` is the reason of the signal.',
  FIDIUS_LOAD_TIMEOUT: 'Loading was given up because its time was over; most likely the import of the module hangs.',
  FIDIUS_ENTRY_MODULE_FOREIGN:
    'The entry module that Python found is not in the package: its name belongs to the standard library or to others.',
  FIDIUS_ENTRY_MODULE_INVALID: 'The name of the entry module is not a dotted Python module name.',
  FIDIUS_ENTRY_MODULE_NOT_FOUND: 'The package holds no module of the name its manifest gives as entry module.',
  FIDIUS_IMPORT_FAILED: 'The entry module raised while it was imported; `cause` is what it raised.',
  FIDIUS_INTERFACE_HASH_INVALID: "The module's `__interface_hash__` is not an integer from 0 to 2^64 - 1.",
  FIDIUS_INTERFACE_HASH_MISMATCH:
    'The package was written for another version of the interface than the host asks for.',
  FIDIUS_INTERFACE_HASH_MISSING: 'The entry module does not say which interface it implements.',
  FIDIUS_INTERFACE_NAME_MISMATCH: 'The manifest names another interface than the host asks for.',
  FIDIUS_INTERFACE_VERSION_MISMATCH: 'The manifest names another version of the interface than the host asks for.',
  FIDIUS_METHOD_MISSING: 'The entry module lacks a method that the interface requires.',
  FIDIUS_METHOD_NOT_CALLABLE: 'The entry module has something under the name of a method that cannot be called.',
  FIDIUS_MODULE_COLLISION:
    'One name means different modules: of two packages, of a package and the environment or the standard library, or of a package and an older compiled copy.',
  FIDIUS_RUNTIME_NOT_PYTHON: 'The package is not a Python plugin.',
  FIDIUS_SEARCH_PATH: 'Something replaced `sys.path` by an object that is no list, so no package can be found.',
  FIDIUS_SEARCH_PATH_UNREADABLE: 'A search path of the host exists and cannot be listed; most likely it is no folder.',

  // calls
  FIDIUS_CALL_ABORTED: 'A call was given up because its signal was aborted; `cause` is the reason of the signal.',
  FIDIUS_CALL_INDEX: 'A method was called by an index that the interface does not have.',
  FIDIUS_CALL_NOT_SUPPORTED: 'The plugin does not implement this optional method.',
  FIDIUS_CALL_STREAM: 'A method that streams was called, which this version cannot carry yet.',
  FIDIUS_CALL_SYNC:
    'The plugin or the method cannot be called on this thread: the plugin runs on one of its own, or in another process; or the method is an `async def`.',
  FIDIUS_CALL_SYNC_TIMEOUT:
    'A call on this thread was given a deadline, which here cannot be kept; the message says what is missing.',
  FIDIUS_CALL_TIMEOUT: 'A call was given up because its time was over.',
  FIDIUS_CALL_WIRE_MODE: 'A raw method was called as a typed one, or a typed one as raw.',

  // executors and hosts
  FIDIUS_EXECUTOR_FAILED:
    'What runs the calls ended unexpectedly; all calls under way are lost, and no more are taken.',
  FIDIUS_EXECUTOR_UNKNOWN: 'An executor was asked for by a name that does not exist.',
  FIDIUS_EXECUTOR_UNSUPPORTED: 'This executor does not exist on this platform.',
  FIDIUS_HOST_CLOSED: 'The host was closed; it loads nothing and runs nothing any more.',
  FIDIUS_PLUGIN_CLOSED: 'The plugin was closed; its methods cannot be called any more.',
  FIDIUS_POOL_STUCK: 'Every thread is held by a call that was given up and cannot be stopped, so nothing can run.',
  FIDIUS_QUEUE_FULL: 'More calls of a plugin are waiting than its queue may hold.',

  // command line
  FIDIUS_CLI_FOLDER: 'A folder named on the command line does not exist.',
  FIDIUS_CLI_INTERFACE: 'A module exports no interface, not the one that was asked for, or several without a choice.',
  FIDIUS_CLI_METHOD: 'A method named on the command line does not exist in the interface named there.',
  FIDIUS_CLI_MODULE: 'A module named on the command line cannot be imported.',
  FIDIUS_CLI_OUTPUT: 'The file that a command should write is there already, or cannot be written.',
  FIDIUS_CLI_USAGE: 'A command was typed wrongly: an unknown command or option, or a missing argument.',
} as const satisfies Record<`FIDIUS_${string}`, string>;

export type ErrorCode = keyof typeof errorCodes;

/** Codes that were raised by an earlier release. Their names are not used again. */
export const retiredCodes: readonly string[] = [];
