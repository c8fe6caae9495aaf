"""What changes of a schema cost while others read and write, vendor by vendor."""
