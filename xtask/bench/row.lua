-- The documented request, for wrk.
wrk.method = "POST"
wrk.headers["Content-Type"] = "text/csv"
wrk.body = "25.0,5.0,45.0,40.0,10.0,5.0,2.0,1.0,3.0,1.5,5.0,2.0,30.0,5.0,1.0,450.0,50.0,5.0"
