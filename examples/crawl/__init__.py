"""What `crawl_site.py` is made of: a shop to crawl, a spider that crawls it, and SQL and Bash templates."""
