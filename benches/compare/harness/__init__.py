"""nginx, HAProxy and the gateway side by side on pinned cores. See ../README.md."""
