module gonet/oracle

go 1.19
