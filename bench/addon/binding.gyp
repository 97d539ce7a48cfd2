{
    "targets": [
        {
            "target_name": "call_python",
            "sources": ["call_python.c"],
            "cflags": ["<!@(python3-config --includes)"],
            "libraries": ["<!@(python3-config --ldflags --embed)", "<!@(python3 -c \"import sysconfig; print('-Wl,-rpath,' + sysconfig.get_config_var('LIBDIR'))\")"],
        }
    ]
}
